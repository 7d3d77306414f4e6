/** A soak's outcome, for people. */
import { percentiles } from '../../bench/percentiles.ts';
import type { CrowdTally } from './crowd.ts';
import type { SoakResult, Struck } from './run.ts';

export function summary({ struck, violations, tallies, writes, commits, reads }: SoakResult): string {
  const frames = total(tallies.map(tally => tally.frames));
  const ended = total(tallies.map(tally => tally.ended));
  const resets = total(tallies.map(tally => tally.resets));
  const sum = (of: (tally: CrowdTally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  return [
    `writes: ${writes.sent} sent, ${writes.acknowledged} acknowledged (${writes.keys} keys), ${writes.refused} refused, ${writes.unknown} unknown`,
    `store: ${commits} commits · nodes: ${reads} reads judged`,
    `frames judged: ${listed(frames)}`,
    `streams: ${sum(tally => tally.resumed)} resumed; ended or refused by code: ${listed(ended)}`,
    `resets: ${listed(resets)} · changes held at the end: ${sum(tally => tally.held)}`,
    'faults                         times    recovery ms: p50      max',
    ...[...Map.groupBy(struck, kindOf)].map(([kind, all]) => faultRow(kind, all)),
    `violations: ${violations.length}`,
  ].join('\n');
}

/** Each violation, with the last frames of the watcher that saw it, and the faults before it. */
export function violationReport({ struck, violations }: SoakResult, seed: number): string {
  return [
    `seed ${seed}`,
    ...struck.map(struckLine),
    ...violations
      .slice(0, PRINTED)
      .flatMap(violation => [
        `${violation.guarantee}: ${violation.what} (${violation.where})`,
        ...('lastFrames' in violation ? violation.lastFrames.map(frame => `    ${frame.slice(0, 600)}`) : []),
      ]),
  ].join('\n');
}

/** More of the same tell nothing new. */
const PRINTED = 10;

/** One line of the log of faults. */
export function struckLine({ kind, target, atMs, lastedMs, nodesMs, recoveryMs }: Struck): string {
  const caughtUp = [nodesMs, recoveryMs].map(ms => ms?.toFixed(0) ?? '…');
  const at = `${(atMs / 1_000).toFixed(1).padStart(7)} s`;
  return `${at}  ${kind} ${target} for ${lastedMs} ms; caught up: nodes ${caughtUp[0]} ms, watchers ${caughtUp[1]} ms`;
}

/** What was struck, whichever of its kind it was. */
export function kindOf({ kind, target }: Struck): string {
  if (kind === 'compact')
    return `compact, ${target.includes(' and ') ? 'all feeders' : 'a feeder'} ${target.split(' ').at(-1)}`;
  if (kind === 'lose region') return kind;
  if (kind === 'cut' || kind === 'half open')
    return `${kind}, a link ${target.slice(target.indexOf(' ') + 1)}`;
  if (/-[1-9]$/.test(target)) return `${kind} ${/-[12]$/.test(target) ? 'feeder' : 'node'}`;
  return `${kind} ${target.split('-')[0]}`;
}

function faultRow(kind: string, all: readonly Struck[]): string {
  const known = all.flatMap(({ recoveryMs }) => recoveryMs ?? []);
  if (known.length === 0) return `${kind.padEnd(32)}${all.length}   never`;
  const { p50, max } = percentiles(known);
  return `${kind.padEnd(32)}${String(all.length).padStart(4)}${p50.toFixed(0).padStart(20)}${max.toFixed(0).padStart(9)}`;
}

function total(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const each of all)
    for (const [key, count] of Object.entries(each)) sums[key] = (sums[key] ?? 0) + count;
  return sums;
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([key, count]) => `${count} ${key}`)
    .join(', ') || 'none';
