/** An env file, read as docker compose reads it. */
import { DocumentError } from './document-error.ts';
import { InterpolationError, interpolate, type Lookup } from './interpolate.ts';

export interface EnvSource {
  readonly text: string;
  /** The file's name, for messages. */
  readonly name: string;
  /** Variables from elsewhere: they come before those of the file itself. */
  readonly outside?: Lookup;
  /** Told of a variable that is used but not set. */
  readonly onUnset: (name: string) => void;
}

const EXPORT = /export[^\S\n]+/y;
const KEY = /[\p{L}\p{N}_.[\]-]+/uy;
const SPACE = /[^\S\n]*/y;
/** Space and comments between two statements. */
const GAP = /(?:\s|#[^\n]*)*/y;
const AFTER_QUOTE = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
const ESCAPE = /\\(?:([abfnrtv"\\])|(\$)|0(\d{0,3}))/g;
const ESCAPED: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Characters of all values: variables that are made of variables can grow without end. */
const MAX_TOTAL_LENGTH = 16_000_000;

/**
 * The variables of an env file: `KEY=value` or `KEY: value`, after `export` or not; 'literal', "with escapes
 * and variables" over several lines, or bare with variables and comments (` #`). A later line may use an
 * earlier one. A name alone stands for the variable from elsewhere.
 * @throws DocumentError with the file's name and the line
 */
export function readEnv({ text, name, outside = () => undefined, onUnset }: EnvSource): Map<string, string> {
  const values = new Map<string, string>();
  const lookup: Lookup = variable => outside(variable) ?? values.get(variable);
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  let at = 0;
  let total = 0;

  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const fail = (message: string, where = at): never => {
    throw new DocumentError(`${name}, line ${source.slice(0, where).split('\n').length}: ${message}`);
  };
  const expand = (value: string, where: number): string => {
    try {
      const expanded = interpolate(value, lookup, onUnset);
      total += expanded.length;
      if (total > MAX_TOTAL_LENGTH) fail(`the values are over ${MAX_TOTAL_LENGTH} characters`, where);
      return expanded;
    } catch (error) {
      if (error instanceof RangeError) return fail('variables are nested too deep', where);
      if (error instanceof InterpolationError) return fail(error.message, where);
      throw error;
    }
  };

  for (take(GAP); at < source.length; take(GAP)) {
    take(EXPORT);
    const key = take(KEY);
    if (key === '') fail('a variable name was expected');
    take(SPACE);
    const separator = source[at];
    if (separator === undefined || separator === '\n') {
      const inherited = outside(key);
      if (inherited !== undefined) values.set(key, inherited);
      continue;
    }
    if (separator !== '=' && separator !== ':') fail(`= was expected after ${key}`);
    at++;
    take(SPACE);
    const start = at;
    const quote = source[at];
    if (quote === '"' || quote === "'") {
      const end = closingQuote(source, at);
      if (end < 0) fail('the quote is not closed');
      const raw = source.slice(at + 1, end);
      at = end + 1;
      values.set(key, quote === "'" ? raw.replaceAll("\\'", "'") : expand(withoutEscapes(raw), start));
      if (at < source.length && take(AFTER_QUOTE) === '') fail('text after the closing quote');
    } else {
      const end = source.indexOf('\n', at);
      const line = source.slice(at, end < 0 ? undefined : end);
      at += line.length;
      const comment = line.indexOf(' #');
      values.set(key, expand((comment < 0 ? line : line.slice(0, comment)).trimEnd(), start));
    }
  }
  return values;
}

/** Index of the quote that closes the one at `start`, past escaped characters; -1 where none does. */
function closingQuote(source: string, start: number): number {
  for (let index = start + 1; index < source.length; index++) {
    if (source[index] === '\\') index++;
    else if (source[index] === source[start]) return index;
  }
  return -1;
}

/** Escapes of a double-quoted value; an escaped dollar sign survives the interpolation that follows. */
const withoutEscapes = (raw: string): string =>
  raw.replace(ESCAPE, (_match, char: string | undefined, dollar: string | undefined, octal: string) => {
    if (dollar) return '$$';
    if (char) return ESCAPED[char] ?? char;
    return /^[0-3][0-7]{2}$/.test(octal) ? String.fromCharCode(Number.parseInt(octal, 8)) : `\\${octal}`;
  });
