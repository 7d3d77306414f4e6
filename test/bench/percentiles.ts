/** Percentiles of measured times. */

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Of at least one value; the nearest rank, no interpolation. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1)! };
}

/** One line of a table, in milliseconds. */
export const row = (name: string, { p50, p90, p99, max }: Percentiles): string =>
  name.padEnd(46) + [p50, p90, p99, max].map(value => value.toFixed(2).padStart(9)).join('');
