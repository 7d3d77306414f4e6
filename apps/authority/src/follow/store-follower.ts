/**
 * Follows etcd by itself, list and watch, so that each heartbeat can say what the state is. What the watch
 * made of it is compared with a fresh list now and then: not even the watch is taken at its word.
 */
import { type CheckedState, COMMIT_KEY, DISTRIBUTED_PREFIX, GENERATION_KEY } from '@quantivista/contracts';
import type { Etcd, RevisionEvents, Watch } from '@quantivista/etcd';
import { createBackoff, createOutage, type Log, onAbort, pause } from '@quantivista/runtime';
import { buildSnapshot, differingParts, digestsOf, type Snapshot } from '@quantivista/snapshot';
import type { FollowedKeys } from './record-view.ts';

export interface StoreFollowerOptions {
  readonly etcd: Etcd;
  readonly log: Log;
  /** From one fresh list to the next. */
  readonly checkListMs: number;
}

export interface StoreFollower extends FollowedKeys {
  /** As of the newest revision known of `generation`; `undefined` where that is not followed yet. */
  checked(generation: string): CheckedState | undefined;
  /** The newest revision of `generation` in which a write was seen, 0 for none. Never goes back. */
  newestCommit(generation: string): number;
  /** Times that a fresh list differed from what the watch had made. */
  readonly differences: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** The watch is given so long to reach the revision of a list. */
const REACH_MS = 10_000;

export function createStoreFollower({ etcd, log, checkListMs }: StoreFollowerOptions): StoreFollower {
  /** `undefined` where a list is needed. */
  let snapshot: Snapshot | undefined;
  let watch: Watch | undefined;
  let commit = { generation: '', revision: 0 };
  let differences = 0;
  const outage = createOutage(log, 'following etcd failed');

  function noteCommit(generation: string, revision: number): void {
    if (generation !== commit.generation || revision > commit.revision) commit = { generation, revision };
  }

  /** Begin anew with a list. */
  function drop(): void {
    snapshot = undefined;
    watch?.close();
  }

  async function list(): Promise<Snapshot | undefined> {
    const listed = await etcd.list({ prefix: DISTRIBUTED_PREFIX });
    if (listed.kind !== 'listed') return undefined;
    const entry = (key: string) => listed.entries.find(each => each.key === key);
    const generation = entry(GENERATION_KEY)?.value;
    if (generation === undefined) return undefined;
    noteCommit(generation, entry(COMMIT_KEY)?.modRevision ?? 0);
    return buildSnapshot(generation, listed.revision, listed.entries);
  }

  function apply({ revision, events }: RevisionEvents): void {
    if (!snapshot) return;
    if (events.some(({ key, value }) => key === GENERATION_KEY && value !== snapshot!.generation)) {
      drop();
      return;
    }
    snapshot.apply(revision, events);
    if (events.some(({ key }) => key === COMMIT_KEY)) noteCommit(snapshot.generation, revision);
  }

  /** Watch from what is held on, listing first where nothing is, until the watch ends. */
  async function round(signal: AbortSignal): Promise<void> {
    const { entries } = await etcd.read([GENERATION_KEY]);
    if (entries[0]?.value !== snapshot?.generation) drop();
    snapshot ??= await list();
    outage.over();
    if (!snapshot) return;
    watch = etcd.watch({ prefix: DISTRIBUTED_PREFIX, from: snapshot.revision + 1, onRevision: apply });
    const stopListening = onAbort(signal, watch.close);
    const { reason } = await watch.ended;
    stopListening();
    if (reason === 'compacted' || reason === 'rewound') drop();
  }

  async function compareWithList(signal: AbortSignal): Promise<void> {
    const listed = await etcd.list({ prefix: DISTRIBUTED_PREFIX });
    if (listed.kind !== 'listed') return;
    const generation = listed.entries.find(({ key }) => key === GENERATION_KEY)?.value;
    const until = Date.now() + REACH_MS;
    while ((snapshot?.revision ?? 0) < listed.revision) {
      if (Date.now() > until || signal.aborted) return;
      await pause(50, signal);
    }
    const own = snapshot?.generation === generation ? snapshot?.digestsAt(listed.revision) : undefined;
    const differing = own ? differingParts(own, digestsOf(listed.entries)) : [];
    if (differing.length === 0) return;
    differences++;
    log.error({ revision: listed.revision, parts: differing }, 'the watch and a list of etcd differ');
    drop();
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const backoff = createBackoff({ firstMs: 20, maxMs: 1_000 });
    while (!signal.aborted) {
      const startedAt = Date.now();
      await round(signal).catch(outage.failed);
      if (Date.now() - startedAt > 5_000) backoff.reset();
      await pause(backoff.next(), signal);
    }
  }

  async function check(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(checkListMs, signal);
      if (signal.aborted) return;
      await compareWithList(signal).catch(error => log.warn({ err: error }, 'listing etcd failed'));
    }
  }

  return {
    prefix: DISTRIBUTED_PREFIX,
    get revision() {
      return snapshot?.revision;
    },
    stored: key => snapshot?.stored(key),
    entries: () => snapshot?.entries() ?? [],
    checked: generation =>
      snapshot?.generation === generation
        ? { revision: snapshot.revision, digests: snapshot.digests() }
        : undefined,
    newestCommit: generation => (generation === commit.generation ? commit.revision : 0),
    get differences() {
      return differences;
    },
    run: async signal => {
      await Promise.all([follow(signal), check(signal)]);
    },
  };
}
