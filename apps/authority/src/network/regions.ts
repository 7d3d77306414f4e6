/** The live regions, as they report themselves in etcd. Every authority follows them by itself. */
import {
  joinInstances,
  REGIONS_PREFIX,
  type RegionInstances,
  RegionReport,
  regionInstancesKey,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { Log } from '@quantivista/runtime';
import { followPrefix } from '../follow/follow-prefix.ts';

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
    run: signal =>
      followPrefix(
        { etcd, log, prefix: REGIONS_PREFIX },
        {
          listed: (_, entries) => {
            heads.clear();
            instances.clear();
            for (const { key, value } of entries) take(key, value);
            known = true;
            tell();
          },
          changed: (_, events) => {
            for (const { key, value } of events) take(key, value);
            if (events.length > 0) tell();
          },
        },
        signal,
      ),
  };
}
