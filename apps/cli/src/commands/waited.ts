/** What `--wait` adds to the result of a command that changes something. */
import type { RegionProgress } from '@quantivista/contracts';
import { table } from '../table.ts';
import type { Colors } from '../terminal.ts';

/** For `--json`: the result with what each region took, where somebody waited for it. */
export const withPropagation = <T extends object>(
  result: T,
  propagation: readonly RegionProgress[] | undefined,
): T => (propagation ? { ...result, propagation } : result);

/** Milliseconds; a dash where not known. */
export const showMs = (ms: number | null | undefined): string =>
  ms === null || ms === undefined ? '–' : `${ms.toFixed(1)} ms`;

/** A table with a line for each region; nothing where nobody waited. */
export function showPropagation(
  propagation: readonly RegionProgress[] | undefined,
  colors: Colors,
): string[] {
  if (!propagation) return [];
  if (propagation.length === 0) return [colors.dim('no live regions')];
  const rows = propagation.map(({ region, pending, ms }) => [
    region,
    pending ? 'pending' : 'applied',
    showMs(ms),
  ]);
  return table(['REGION', 'STATE', 'AFTER'], rows, colors);
}
