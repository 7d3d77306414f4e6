/**
 * What a node answers, judged as it comes: I3 (a state that the store had, never older than one served
 * before) and I5 (an age that is never less than the true one).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Read } from '../history.ts';
import { topicName } from '../history.ts';
import type { Violation } from '../violation.ts';
import type { LiveTruth } from './truth.ts';

/** A read as it was asked for and answered. Times are of one clock, `performance.now()`. */
export interface TimedRead extends Read {
  readonly askedAt: number;
  /** As reported, in milliseconds; Infinity where unknown. */
  readonly ageMs: number;
}

export interface Served {
  /** A new process of the node: it may begin with an older state. */
  begin(node: string): void;
  read(node: string, read: TimedRead): void;
  /** The truth has gone on, to a revision that was learned of at `at`. */
  proceed(revision: number, at: number): void;
  end(): void;
}

/** Arrival times are kept for so many revisions: an age that is too small for longer is too small for less. */
const ARRIVALS = 4_096;

export function createServed(truth: LiveTruth, report: (violation: Violation) => void): Served {
  const newest = new Map<string, number>();
  let arrivals: { revision: number; at: number }[] = [];
  let waiting: { node: string; read: TimedRead }[] = [];

  const judge = (node: string, { topic, generation, revision, map }: TimedRead) => {
    const what = `${topicName(topic)} at ${revision}`;
    const untrue = (why: string) =>
      report({ guarantee: 'StatesExisted', what: `${what} ${why}`, where: node });
    if (generation !== truth.generation) return untrue(`is of generation ${generation}`);
    const records = truth.records(topic, revision);
    if (!records) return untrue('is older than what is kept');
    const values = Object.fromEntries([...records].map(([key, record]) => [key, record.config_value]));
    if (!isDeepStrictEqual(map, values)) untrue("is not the store's");
  };

  /**
   * A state is complete until the next revision is committed. That was learned of here some time after it was
   * committed, and the age was reckoned some time after it was asked for: so the true age was at least the
   * time between the two, whatever the delays.
   */
  const judgeAge = (node: string, { revision, askedAt, ageMs }: TimedRead) => {
    const next = arrivals.find(arrival => arrival.revision > revision);
    const trueMs = next ? askedAt - next.at : 0;
    if (ageMs >= trueMs) return;
    const what = `revision ${revision} was told to be ${ageMs} ms old, but was at least ${Math.floor(trueMs)}`;
    report({ guarantee: 'Age', what, where: node });
  };

  return {
    begin: node => void newest.delete(node),
    read: (node, read) => {
      const before = newest.get(node) ?? -1;
      if (read.revision < before)
        report({ guarantee: 'NeverBack', what: `served ${read.revision} after ${before}`, where: node });
      newest.set(node, Math.max(before, read.revision));
      judgeAge(node, read);
      if (read.revision <= truth.reached) judge(node, read);
      else waiting.push({ node, read });
    },
    proceed: (revision, at) => {
      arrivals.push({ revision, at });
      if (arrivals.length > 2 * ARRIVALS) arrivals = arrivals.slice(ARRIVALS);
      if (waiting.length === 0) return;
      const known = waiting.filter(({ read }) => read.revision <= revision);
      waiting = waiting.filter(({ read }) => read.revision > revision);
      for (const { node, read } of known) judge(node, read);
    },
    end: () => {
      for (const { node, read } of waiting) {
        const what = `${topicName(read.topic)} at ${read.revision} is of a revision that was never reached`;
        report({ guarantee: 'StatesExisted', what, where: node });
      }
    },
  };
}
