/** Values as an env file, which {@link readEnv} reads again. */
import type { Values } from '@quantivista/contracts';

const PLAIN = /^[A-Za-z0-9_./:@%+,=-]+$/;
const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\\': '\\\\', '"': '\\"', $: '\\$' };

/** One line a value. What is not a string stands as its JSON: an env file has strings alone. */
export function writeEnv(values: Values): string {
  const lines = [...values].map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${key}=${text === '' || PLAIN.test(text) ? text : quoted(text)}\n`;
  });
  return lines.join('');
}

const quoted = (text: string): string => `"${text.replace(/[\n\r\\"$]/g, char => ESCAPES[char]!)}"`;
