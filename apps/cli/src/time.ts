/** Times as they are typed. */
import { UsageError } from './fault.ts';

/**
 * In UTC; without an offset it is a time of this machine's zone.
 * @throws UsageError
 */
export function parseTime(text: string): string {
  const at = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT\d/.test(text) || Number.isNaN(at)) {
    throw new UsageError(`'${text}' is no time: 2026-12-01T06:00 or 2026-12-01T06:00:00Z`);
  }
  return new Date(at).toISOString();
}
