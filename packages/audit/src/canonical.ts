/**
 * One text for equal JSON values, whoever has formatted them: members sorted by UTF-16 code units, no white space,
 * strings as JSON.stringify writes them, numbers exact, as `{integer without trailing zeros}e{exponent}`.
 */

/** `-12.50` → `-125e-1`. Decimals are never made binary: 0.1 and 0.1000000000000000001 differ. */
export function canonicalNumber(source: string): string {
  const [, sign, integer, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(
    source,
  )!;
  const digits = (integer! + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${sign}${significant}e${power}`;
}

/** @param text JSON @throws SyntaxError */
export const canonicalJson = (text: string): string => JSON.parse(text, canonicalPart) as string;

/** Called from the inside out: the parts of an array or object are their canonical texts already. */
function canonicalPart(_key: string, value: unknown, context?: { source?: string }): string {
  if (typeof value === 'number') return canonicalNumber(context!.source!);
  if (Array.isArray(value)) return `[${value.join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = value as Record<string, string>;
  const names = Object.keys(members).sort();
  return `{${names.map(name => `${JSON.stringify(name)}:${members[name]}`).join()}}`;
}
