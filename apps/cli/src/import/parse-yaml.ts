/** YAML with anchors and merge keys. */
import { parse } from 'yaml';
import { UsageError } from '../fault.ts';

/**
 * The document in `text`. `exact`: integers as bigint, which keep every digit when written as text again.
 * @throws UsageError with the line
 */
export function parseYaml(text: string, name: string, { exact = false } = {}): unknown {
  try {
    return parse(text, { merge: true, intAsBigInt: exact, logLevel: 'error' });
  } catch (error) {
    const [message] = (error as Error).message.split('\n');
    throw new UsageError(`${name}: ${message!.replace(/:$/, '')}`);
  }
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
