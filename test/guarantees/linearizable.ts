/**
 * Whether what was seen of one key can be explained by its having had one value at a time. The store says in
 * which order the values came; each write must have taken effect between its being sent and its being answered,
 * and each read have seen what was held at some moment while it was under way.
 */

/** `undefined` is a key that does not exist; each written value is written once in a history. */
export type Held = string | undefined;

export type KeyOperation = {
  /** Milliseconds of one clock for the whole history. */
  readonly sentAt: number;
  /** Infinity where the answer was lost: it may have taken effect at any time since, or never. */
  readonly answeredAt: number;
} & (
  | { readonly kind: 'read'; readonly saw: Held }
  /** `answer`: `done`, or `unknown` where it was lost. */
  | { readonly kind: 'write'; readonly to: string; readonly answer: 'done' | 'unknown' }
  /** Only where the key holds `from`; `refused` says that it does not. */
  | {
      readonly kind: 'swap';
      readonly from: Held;
      readonly to: string;
      readonly answer: 'done' | 'refused' | 'unknown';
    }
);

/** One value of the key, and when it can have begun at the earliest and at the latest. */
interface Reign {
  readonly value: Held;
  /** `undefined` for the state before the first write. */
  readonly by: KeyOperation | undefined;
  readonly reads: KeyOperation[];
  earliest: number;
  latest: number;
}

/**
 * What can't be explained; nothing where the history is linearizable in the order of `values`.
 * @param values the key's values in the order in which it had them, as the store tells it; before them it had none
 */
export function unexplained(operations: readonly KeyOperation[], values: readonly string[]): string[] {
  const faults: string[] = [];
  const writes = new Map<string, KeyOperation>();
  for (const each of operations) if (each.kind !== 'read') writes.set(each.to, each);
  const reigns = [undefined, ...values].map((value): Reign => {
    const by = value === undefined ? undefined : writes.get(value);
    return { value, by, reads: [], earliest: Number.NEGATIVE_INFINITY, latest: Number.POSITIVE_INFINITY };
  });
  const reignOf = new Map(reigns.map((reign, at) => [reign.value, at]));
  if (reignOf.size < reigns.length) faults.push('a value was stored twice');

  for (const [at, { value, by }] of reigns.entries()) {
    if (at === 0) continue;
    if (!by) faults.push(`${value} was written by nobody`);
    else if (by.kind === 'swap' && by.answer === 'refused') faults.push(`${value} was refused, and stored`);
    else if (by.kind === 'swap' && by.from !== reigns[at - 1]!.value)
      faults.push(`${value} replaced ${reigns[at - 1]!.value}, and was to replace ${by.from}`);
  }
  for (const each of operations) {
    if (each.kind === 'read') {
      const at = reignOf.get(each.saw);
      if (at === undefined) faults.push(`${each.saw} was seen, and never held`);
      else reigns[at]!.reads.push(each);
    } else if (each.answer === 'done' && !reignOf.has(each.to)) {
      faults.push(`${each.to} was acknowledged, and never held`);
    }
  }

  // As early as can be: after it was sent, after what it replaced began, and was last asked for.
  for (const [at, reign] of reigns.entries()) {
    const before = reigns[at - 1];
    if (!before) continue;
    const asked = before.reads.map(({ sentAt }) => sentAt);
    reign.earliest = Math.max(before.earliest, reign.by?.sentAt ?? Number.NEGATIVE_INFINITY, ...asked);
  }
  // As late as can be: before it was answered, before it was seen, before what replaced it began.
  for (const [at, reign] of [...reigns.entries()].reverse()) {
    const after = reigns[at + 1]?.latest ?? Number.POSITIVE_INFINITY;
    const seen = reign.reads.map(({ answeredAt }) => answeredAt);
    reign.latest = Math.min(after, reign.by?.answeredAt ?? Number.POSITIVE_INFINITY, ...seen);
    if (at > 0 && reign.earliest > reign.latest)
      faults.push(`${reign.value} began at ${reign.earliest} or later, and at ${reign.latest} or before`);
  }
  for (const each of operations) {
    if (each.kind !== 'swap' || each.answer !== 'refused') continue;
    const at = reignOf.get(each.from);
    if (at === undefined) continue;
    const until = reigns[at + 1]?.earliest ?? Number.POSITIVE_INFINITY;
    const since = at === 0 ? Number.NEGATIVE_INFINITY : reigns[at]!.latest;
    if (since <= each.sentAt && each.answeredAt <= until)
      faults.push(`${each.to} was refused, though ${each.from} was held all the while`);
  }
  return faults;
}
