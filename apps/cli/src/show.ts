/** How values and foreign text appear on a terminal. */

/** `text` without characters that would steer the terminal: each becomes a `\u` escape. Tabs become a space. */
export const printable = (text: string): string =>
  text
    .replaceAll('\t', ' ')
    .replace(/[\x00-\x1f\x7f-\x9f]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A JSON value on one line; strings in quotes, so that `"5"` and `5` differ to the eye too. */
export const showValue = (value: unknown): string => printable(JSON.stringify(value) ?? '');

const SHORT = 120;

/** {@link showValue}, cut where it would fill the screen. */
export function showShort(value: unknown): string {
  const text = showValue(value);
  return text.length <= SHORT ? text : `${text.slice(0, SHORT)}… (${text.length} characters)`;
}
