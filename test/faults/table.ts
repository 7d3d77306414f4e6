/** The table of docs/faults.md, from what the tests recorded. */
import type { Recovery } from '../harness/recovery.ts';

const [BEGIN, END] = ['<!-- recoveries: begin -->', '<!-- recoveries: end -->'];

const duration = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** One row for each fault and measure, the longest time where it happened more than once; in alphabetical order. */
export function toTable(recoveries: readonly Recovery[]): string {
  const longest = new Map<string, Recovery>();
  for (const recovery of recoveries) {
    const name = `${recovery.fault}\n${recovery.what}`;
    const held = longest.get(name);
    if (!held || held.recoveryMs < recovery.recoveryMs) longest.set(name, recovery);
  }
  const rows = [...longest]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([, { fault, what, recoveryMs, note = '' }]) => [fault, what, duration(recoveryMs), note]);
  const cells = [['fault', 'measured', 'time', 'note'], ['---', '---', '---:', '---'], ...rows];
  return cells.map(row => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

/** The document with the table between its markers. @throws Error where it has none */
export function insertTable(document: string, table: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the document lacks ${BEGIN} … ${END}`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${document.slice(end)}`;
}
