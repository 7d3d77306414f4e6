/** All that looks on while a network is under fault, and the verdict on what it saw. */
import { expect } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { check } from '../guarantees/check.ts';
import type { History, StoreRevision, Topic, Write } from '../guarantees/history.ts';
import { createRandom } from '../guarantees/random.ts';
import { type Reader, startReader } from '../guarantees/readers.ts';
import { type RecordingWatcher, startWatcher } from '../guarantees/recording-watcher.ts';
import { startWriters, type Writers } from '../guarantees/writers.ts';
import { type AgeWatch, ageErrors, type TimedCommit, watchAges } from '../harness/age-watch.ts';
import type { TestNetwork } from '../harness/network.ts';

const TOPICS = ['limits', 'orders', 'risk'].map((service): Topic => ({ environment: 'PRODUCTION', service }));

export interface Observation {
  /** Two for each region and service, on the region's nodes alone. */
  readonly watchers: readonly RecordingWatcher[];
  /** By the node's name. */
  readonly readers: ReadonlyMap<string, Reader>;
  readonly ages: AgeWatch;
  stop(): Promise<void>;
}

/** A few writes at a time, each at rest between two: the machine is to be under fault, not under load. */
export const startQuietWriters = ({ authority, token }: TestNetwork, name: string): Writers =>
  startWriters({
    url: authority.url,
    token,
    topics: TOPICS,
    random: createRandom(name.length),
    writers: 2,
    restMs: 25,
    name,
  });

export function observe({ regions, serving, token }: TestNetwork): Observation {
  const random = createRandom(1);
  const watchers = regions.flatMap(region =>
    [...TOPICS, ...TOPICS].map((topic, n) =>
      startWatcher({ id: `${region.name} ${n}`, topic, nodes: region.serving, token, random }),
    ),
  );
  const readers = new Map(
    serving.map(({ name, url }) => [name, startReader({ node: name, url, token, topics: TOPICS })]),
  );
  const ages = watchAges({ nodes: serving, token, service: TOPICS[0]!.service });
  return {
    watchers,
    readers,
    ages,
    stop: async () => {
      for (const watcher of watchers) watcher.stop();
      for (const reader of readers.values()) await reader.stop();
      await ages.stop();
    },
  };
}

export interface Evidence {
  readonly observation: Observation;
  /** The store's life that it ended in. */
  readonly generation: string;
  readonly store: readonly StoreRevision[];
  /** All that were sent in this life. */
  readonly writes: readonly Write[];
  /** Nodes that were down for a while, or started anew. */
  readonly down: readonly Component[];
  /** Whether watchers may have been told that they missed something. */
  readonly resets: boolean;
}

/** The clock of ages ticks in milliseconds. */
const TICK_MS = 1;

/** I1, I2 and I3 by the history, I4 and I5 by what the nodes answered. */
export function expectGuarantees({ observation, generation, store, writes, ...allowed }: Evidence): void {
  const { watchers, readers, ages } = observation;
  const history: History = {
    generation,
    store,
    writes,
    watchers: watchers.map(({ history }) => ({
      ...history,
      events: sinceFirst(history.events, event => event.kind === 'frame' && isOf(event.frame)),
    })),
    lives: [...readers.values()].flatMap(({ lives }) =>
      lives.map(life => ({ ...life, reads: sinceFirst(life.reads, isOf) })),
    ),
  };
  // What comes after the first of this life must all be of it.
  function isOf(state: { readonly generation: string }): boolean {
    return state.generation === generation;
  }
  expect(check(history)).toEqual([]);
  const resets = history.watchers.flatMap(({ id, events }) =>
    events.flatMap(event =>
      event.kind === 'frame' && event.frame.type === 'reset' ? [`${id}: ${event.frame.reason}`] : [],
    ),
  );
  if (!allowed.resets) expect(resets, 'watchers told that they missed something').toEqual([]);

  const down = new Set(allowed.down.map(node => node.name));
  const served = ages.samples.filter(sample => !down.has(sample.node));
  expect(served.filter(sample => sample.status !== 200)).toEqual([]);
  expect(ages.unready.filter(each => !down.has(each.node))).toEqual([]);
  const samples = ages.samples.filter(sample => sample.status === 200 && sample.generation === generation);
  const understated = ageErrors(samples, commitsOf(writes)).filter(({ shortMs }) => shortMs > TICK_MS);
  expect(understated, 'ages that were less than the true ones').toEqual([]);
  expect(samples.length).toBeGreaterThan(0);
}

function sinceFirst<T>(all: readonly T[], fits: (one: T) => boolean): readonly T[] {
  const first = all.findIndex(fits);
  return first < 0 ? [] : all.slice(first);
}

const commitsOf = (writes: readonly Write[]): TimedCommit[] =>
  writes.flatMap(({ outcome, sentAt, answeredAt }) =>
    outcome.kind === 'acknowledged' ? [{ revision: outcome.revision, sentAt, answeredAt }] : [],
  );
