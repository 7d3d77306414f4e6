/**
 * Variables in text, by the rules of docker compose: `$NAME`, `${NAME}`, `${NAME:-default}` and its kin,
 * nested to any depth; `$$` is a dollar sign.
 */

/** The value of a variable; `undefined` where it is not set. */
export type Lookup = (name: string) => string | undefined;

/** Text that can't be interpolated; the message says why, without saying where. */
export class InterpolationError extends Error {}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATOR = /^:?[-+?]/;

/**
 * `template` with its variables replaced. One that is not set becomes empty, and `onUnset` is told its name.
 * @throws InterpolationError for a `$` that begins nothing, and for a required variable (`?`) without value
 */
export function interpolate(template: string, lookup: Lookup, onUnset: (name: string) => void): string {
  let result = '';
  let at = 0;
  for (;;) {
    const dollar = template.indexOf('$', at);
    if (dollar < 0) return result + template.slice(at);
    result += template.slice(at, dollar);
    const rest = template.slice(dollar + 1);
    const name = NAME.exec(rest)?.[0];
    if (rest.startsWith('$')) {
      result += '$';
      at = dollar + 2;
    } else if (name !== undefined) {
      result += read(name, lookup, onUnset);
      at = dollar + 1 + name.length;
    } else if (rest.startsWith('{')) {
      const end = closingBrace(template, dollar);
      if (end < 0) throw new InterpolationError('unclosed ${');
      result += substitute(template.slice(dollar + 2, end), lookup, onUnset);
      at = end + 1;
    } else {
      throw new InterpolationError('stray $: a dollar sign is written $$');
    }
  }
}

/** What stands between the braces: a name, and perhaps an operator with its operand. */
function substitute(expression: string, lookup: Lookup, onUnset: (name: string) => void): string {
  const name = NAME.exec(expression)?.[0];
  const operation = expression.slice(name?.length);
  const operator = OPERATOR.exec(operation)?.[0];
  if (name === undefined || (operation !== '' && operator === undefined)) {
    throw new InterpolationError('what stands in braces after $ is not a variable');
  }
  if (operator === undefined) return read(name, lookup, onUnset);
  const operand = () => interpolate(operation.slice(operator.length), lookup, onUnset);
  const value = lookup(name);
  // With a colon, an empty variable counts as one that is not set.
  const present = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  if (operator.endsWith('+')) return present ? operand() : '';
  if (present) return value!;
  if (operator.endsWith('-')) return operand();
  const message = operand();
  throw new InterpolationError(`${name} is required${message === '' ? '' : `: ${message}`}`);
}

function read(name: string, lookup: Lookup, onUnset: (name: string) => void): string {
  const value = lookup(name);
  if (value === undefined) onUnset(name);
  return value ?? '';
}

/** Index of the brace that closes the `${` at `start`; -1 where none does. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    if (text.startsWith('${', index)) {
      depth++;
      index++;
    } else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}
