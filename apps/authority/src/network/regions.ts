/** The live regions, as they report themselves in etcd. Every authority follows them by itself. */
import {
  joinInstances,
  REGIONS_PREFIX,
  type RegionInstances,
  RegionReport,
  regionInstancesKey,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createBackoff, type Log, pause } from '@quantivista/runtime';

export interface Regions {
  /** Whether they were read at all: before that nobody knows which there are. */
  readonly known: boolean;
  /** By name, with the instances that they name. */
  reports(): RegionReport[];
  /** As {@link reports}, without the names of instances. */
  heads(): readonly RegionReport[];
  /** `listener` is called after each change; answers how to end that. */
  listen(listener: () => void): () => void;
  /** Follow them until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export interface RegionsOptions {
  readonly etcd: Etcd;
  readonly log: Log;
}

export function createRegions({ etcd, log }: RegionsOptions): Regions {
  const heads = new Map<string, RegionReport>();
  /** The same, by name. */
  let sorted: readonly RegionReport[] = [];
  /** By their keys. */
  const instances = new Map<string, RegionInstances>();
  const listeners = new Set<() => void>();
  let known = false;

  function take(key: string, value: string | undefined): void {
    const name = key.slice(REGIONS_PREFIX.length);
    const kept = name.includes('/') ? instances : heads;
    const at = kept === heads ? name : key;
    kept.delete(at);
    if (value === undefined) return;
    try {
      if (kept === instances) instances.set(at, JSON.parse(value) as RegionInstances);
      else heads.set(at, RegionReport.parse(JSON.parse(value)));
    } catch (error) {
      // Of a node of another version: the others must not go unseen for it.
      log.warn({ err: error, key }, "a region's report is not understood");
    }
  }
  const tell = () => {
    sorted = [...heads.values()].sort((a, b) => (a.region < b.region ? -1 : 1));
    for (const listener of listeners) listener();
  };

  /** List, then watch from there; answers why that ended. */
  async function follow(signal: AbortSignal): Promise<string> {
    const listed = await etcd.list({ prefix: REGIONS_PREFIX });
    if (listed.kind !== 'listed') return listed.kind;
    heads.clear();
    instances.clear();
    for (const { key, value } of listed.entries) take(key, value);
    known = true;
    tell();
    const watch = etcd.watch({
      prefix: REGIONS_PREFIX,
      from: listed.revision + 1,
      onRevision: ({ events }) => {
        for (const { key, value } of events) take(key, value);
        tell();
      },
    });
    signal.addEventListener('abort', watch.close);
    const { reason } = await watch.ended;
    signal.removeEventListener('abort', watch.close);
    return reason;
  }

  return {
    get known() {
      return known;
    },
    heads: () => sorted,
    reports: () =>
      sorted.map(head => joinInstances(head, instances.get(regionInstancesKey(head.region)) ?? {})),
    listen: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    run: async signal => {
      const backoff = createBackoff({ firstMs: 20, maxMs: 1_000 });
      while (!signal.aborted) {
        const startedAt = Date.now();
        try {
          log.debug({ end: await follow(signal) }, 'following the regions ended');
        } catch (error) {
          log.warn({ err: error }, 'the regions are not followed');
        }
        if (Date.now() - startedAt > 5_000) backoff.reset();
        await pause(backoff.next(), signal);
      }
    },
  };
}
