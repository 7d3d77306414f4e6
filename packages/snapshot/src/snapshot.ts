/**
 * The state of a store at one revision, in memory. `apply` is synchronous and takes one whole revision, so
 * no reader ever sees a part of a transaction.
 */
import { COMMIT_KEY, GENERATION_KEY, HEARTBEAT_KEY, parseConfigurationKey } from '@quantivista/contracts';
import { type Digest, emptyDigest, foldEntry, formatDigest } from './digest.ts';
import { createService, type Entry, type Service, setEntry } from './service.ts';

export interface KeyChange {
  readonly key: string;
  /** `undefined` where the key was deleted. */
  readonly value: string | undefined;
}

export interface Snapshot {
  readonly generation: string;
  readonly revision: number;
  /** Configurations held. */
  readonly size: number;
  /** `environment` in upper case. */
  service(environment: string, service: string): Service | undefined;
  entry(environment: string, service: string, key: string): Entry | undefined;
  /** The value of a key that is no configuration (`_heartbeat`, `_access/…`), by its etcd key. */
  other(key: string): string | undefined;
  /** Every service: environment, name, state. */
  services(): Iterable<[environment: string, name: string, service: Service]>;
  /** Take one revision. Revisions must rise; the caller checks that none is missing. */
  apply(revision: number, changes: readonly KeyChange[]): void;
  /** Of every key but those that change without a change of configuration; equal states have equal digests. */
  digest(): string;
}

/** These change by themselves, or name the store: they say nothing of its contents. */
const EPHEMERAL: ReadonlySet<string> = new Set([HEARTBEAT_KEY, COMMIT_KEY, GENERATION_KEY]);

/** An empty state; `load` it by {@link Snapshot.apply} or with {@link buildSnapshot}. */
export function createSnapshot(generation: string): Snapshot {
  const environments = new Map<string, Map<string, Service>>();
  const others = new Map<string, { value: string; revision: number }>();
  const othersDigest = emptyDigest();
  let revision = 0;
  let size = 0;

  const serviceFor = (environment: string, name: string): Service => {
    const services = environments.get(environment) ?? new Map<string, Service>();
    environments.set(environment, services);
    const service = services.get(name) ?? createService();
    services.set(name, service);
    return service;
  };

  const setOther = (key: string, value: string | undefined, at: number) => {
    const present = others.get(key);
    const counted = !EPHEMERAL.has(key);
    if (present && counted) foldEntry(othersDigest, key, present.revision, present.value, -1);
    if (value === undefined) {
      others.delete(key);
      return;
    }
    others.set(key, { value, revision: at });
    if (counted) foldEntry(othersDigest, key, at, value, 1);
  };

  return {
    generation,
    get revision() {
      return revision;
    },
    get size() {
      return size;
    },
    service: (environment, name) => environments.get(environment)?.get(name),
    entry: (environment, name, key) => environments.get(environment)?.get(name)?.entries.get(key),
    other: key => others.get(key)?.value,
    *services() {
      for (const [environment, services] of environments) {
        for (const [name, service] of services) yield [environment, name, service];
      }
    },
    apply: (to, changes) => {
      for (const { key, value } of changes) {
        const path = parseConfigurationKey(key);
        if (!path) {
          setOther(key, value, to);
          continue;
        }
        const service = serviceFor(path.environment, path.service);
        const before = service.entries.size;
        setEntry(service, path.key, value, to);
        size += service.entries.size - before;
      }
      revision = to;
    },
    digest: () => {
      const total: Digest = { ...othersDigest };
      for (const [environment, services] of environments) {
        for (const [name, service] of services) {
          if (service.entries.size === 0) continue;
          // The services' digests know neither their names nor their environments: those are folded in here.
          foldEntry(total, `${environment}/${name}`, service.entries.size, formatDigest(service.digest), 1);
        }
      }
      return formatDigest(total);
    },
  };
}

/** The state made of entries with their own revisions, as a list or a scan gives them; `revision` is the whole's. */
export function buildSnapshot(
  generation: string,
  revision: number,
  entries: Iterable<{ readonly key: string; readonly value: string; readonly modRevision: number }>,
): Snapshot {
  const snapshot = createSnapshot(generation);
  for (const entry of entries) snapshot.apply(entry.modRevision, [entry]);
  snapshot.apply(revision, []);
  return snapshot;
}
