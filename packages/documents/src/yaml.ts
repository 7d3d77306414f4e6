/** YAML with anchors and merge keys, read and written. */
import type { Json } from '@quantivista/contracts';
import { parse, stringify, YAMLParseError } from 'yaml';
import { DocumentError } from './document-error.ts';

/** Of an alias within aliases, as often as it would be repeated. */
const MAX_ALIASES = 100;

/**
 * The document in `text`. `exact`: integers as bigint, which keep every digit when written as text again.
 * @throws DocumentError with the line
 */
export function parseYaml(text: string, name: string, { exact = false } = {}): unknown {
  try {
    return parse(text, { merge: true, intAsBigInt: exact, maxAliasCount: MAX_ALIASES, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) throw new DocumentError(`${name} is nested too deep`);
    throw new DocumentError(`${name}: ${faultOf(error)}`);
  }
}

/** The library's own messages quote the text, and that may hold a secret. */
function faultOf(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return 'an alias refers to nothing, or to too much';
  const [at] = error.linePos ?? [];
  return error.code.toLowerCase().replaceAll('_', ' ') + (at ? ` at line ${at.line}, column ${at.col}` : '');
}

/** @throws DocumentError where the text is not YAML, or holds what JSON can't (`.inf`, integers over 2^53) */
export function parseYamlValues(text: string, name: string): Json {
  return toJson(parseYaml(text, name, { exact: true }), name, new Set());
}

/** `within`: the maps and lists that this value stands in, of which it may be none. */
function toJson(value: unknown, where: string, within: ReadonlySet<unknown>): Json {
  if (typeof value === 'bigint') {
    if (Number.isSafeInteger(Number(value))) return Number(value);
    throw new DocumentError(`${where}: an integer beyond 2^53 can't be kept exactly: write it in quotes`);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new DocumentError(`${where}: JSON has no ${value}`);
  }
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json;
  if (within.has(value)) throw new DocumentError(`${where}: it contains itself`);
  const inner = new Set(within).add(value);
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, `${where}[${index}]`, inner));
  if (!isMap(value)) throw new DocumentError(`${where}: JSON has no such value`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, toJson(item, `${where}, ${key}`, inner)]),
  );
}

export const isMap = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Read by {@link parseYamlValues}, it is `value` again. */
export const writeYaml = (value: Json): string =>
  stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
