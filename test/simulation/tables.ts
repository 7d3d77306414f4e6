/** What a scenario shows, as tables of Markdown. */
import type { Histogram } from './histogram.ts';

export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

const digits = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const cell = (value: string | number): string => (typeof value === 'number' ? digits.format(value) : value);

export function renderTable({ caption, head, rows }: Table): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(' | ')} |`;
  const rule = `|---${'|--:'.repeat(head.length - 1)}|`;
  return [`**${caption}**`, '', line(head), rule, ...rows.map(line)].join('\n');
}

export const DELAY_HEAD = ['p50', 'p90', 'p99', 'p99.9', 'max', 'number'] as const;

/** A row of delays in milliseconds, under DELAY_HEAD. */
export const delayRow = (name: string, delays: Histogram): (string | number)[] => [
  name,
  ...[0.5, 0.9, 0.99, 0.999].map(delays.quantile),
  delays.max,
  delays.count,
];
