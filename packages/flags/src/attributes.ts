/**
 * Reading a context. Contexts come from anyone: only own properties of objects are looked at, whatever their
 * type, and nothing is walked beyond the path that a flag names.
 */

export type Context = Readonly<Record<string, unknown>>;
/** The attribute's value; `undefined` where it is not there. */
export type Read = (context: Context) => unknown;

const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Context)[name]
    : undefined;

/** @param path names with dots between: `user.plan` leads into the object `user` */
export function compileRead(path: string): Read {
  const [first = '', second, ...rest] = path.split('.');
  if (second === undefined) return context => (Object.hasOwn(context, first) ? context[first] : undefined);
  if (rest.length === 0) return context => own(own(context, first), second);
  return context => rest.reduce(own, own(own(context, first), second));
}

/**
 * The text that a bucket is found by; `undefined` for what can't name anyone: an empty text, 0, a fraction, a
 * boolean, an object.
 */
export function bucketKey(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return Number.isSafeInteger(value) && value !== 0 ? String(value) : undefined;
}
