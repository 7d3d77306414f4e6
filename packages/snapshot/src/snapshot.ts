/**
 * The state of a store at one revision, in memory. `apply` is synchronous and takes one whole revision, so
 * no reader ever sees a part of a transaction.
 */
import { type Environment, parseConfigurationKey, servicePrefix } from '@quantivista/contracts';
import { type Digests, digestOfParts, fold } from './digest.ts';
import { createDigestTrail, createParts, partOf } from './parts.ts';
import { createService, type Entry, type Service, setEntry } from './service.ts';

export interface KeyChange {
  readonly key: string;
  /** `undefined` where the key was deleted. */
  readonly value: string | undefined;
}

/** A key of the store, with the revision that it was last changed in. */
export interface StoredEntry {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
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
  /** All keys that begin with `prefix` and are no configurations, in no order. */
  others(prefix: string): StoredEntry[];
  /** Every service: environment, name, state. */
  services(): Iterable<[environment: string, name: string, service: Service]>;
  /** Every key, as a list of the store at this revision has it: whatever is applied while it is walked. */
  entries(): Iterable<StoredEntry>;
  /** Any key as the store has it, by its etcd key. */
  stored(key: string): StoredEntry | undefined;
  /** Take one revision. Revisions must rise; the caller checks that none is missing. */
  apply(revision: number, changes: readonly KeyChange[]): void;
  /** Of each part; keys that change without a change of configuration are not counted. */
  digests(): Digests;
  /** As they were at a revision of the last few thousand; `undefined` where that is unknown. */
  digestsAt(revision: number): Digests | undefined;
  /** Of the whole: equal states have equal digests. */
  digest(): string;
}

/** A state in the making: keys come in any order, each with a revision of its own, and may come again. */
export interface SnapshotBuilder {
  stored(key: string): StoredEntry | undefined;
  set(change: KeyChange, modRevision: number): void;
  /** The whole, as of `revision`. Nothing may be set any more. */
  finish(revision: number): Snapshot;
}

/** An empty state, at revision 0. */
export const createSnapshot = (generation: string): Snapshot => startSnapshot(generation).finish(0);

/** The state made of entries with their own revisions, as a list gives them; `revision` is the whole's. */
export function buildSnapshot(
  generation: string,
  revision: number,
  entries: Iterable<StoredEntry>,
): Snapshot {
  const builder = startSnapshot(generation);
  for (const entry of entries) builder.set(entry, entry.modRevision);
  return builder.finish(revision);
}

export function startSnapshot(generation: string): SnapshotBuilder {
  const environments = new Map<string, Map<string, Service>>();
  const others = new Map<string, { value: string; revision: number }>();
  const parts = createParts();
  let size = 0;

  const serviceFor = (environment: string, name: string): Service => {
    const services = environments.get(environment) ?? new Map<string, Service>();
    environments.set(environment, services);
    const service = services.get(name) ?? createService();
    services.set(name, service);
    return service;
  };

  function setConfiguration(
    path: { environment: string; service: string; key: string },
    { key, value }: KeyChange,
    to: number,
  ): void {
    const service = serviceFor(path.environment, path.service);
    const count = (of: number, body: string, sign: 1 | -1) =>
      fold(service.digest, parts.count(path.environment, key, of, body, sign)!, sign);
    const before = setEntry(service, path.key, value, to);
    if (before) count(before.revision, before.body, -1);
    if (value !== undefined) count(to, value, 1);
    size += Number(value !== undefined) - Number(before !== undefined);
  }

  function setOther({ key, value }: KeyChange, to: number): void {
    const before = others.get(key);
    if (before) parts.count(partOf(key), key, before.revision, before.value, -1);
    if (value === undefined) {
      others.delete(key);
      return;
    }
    others.set(key, { value, revision: to });
    parts.count(partOf(key), key, to, value, 1);
  }

  function set(change: KeyChange, to: number): void {
    const path = parseConfigurationKey(change.key);
    if (path) setConfiguration(path, change, to);
    else setOther(change, to);
  }

  function stored(key: string): StoredEntry | undefined {
    const path = parseConfigurationKey(key);
    if (path) {
      const entry = environments.get(path.environment)?.get(path.service)?.entries.get(path.key);
      return entry && { key, value: entry.body, modRevision: entry.revision };
    }
    const other = others.get(key);
    return other && { key, value: other.value, modRevision: other.revision };
  }

  function finish(at: number): Snapshot {
    let revision = at;
    const trail = createDigestTrail(revision, parts.digests());
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
      others: prefix =>
        [...others].flatMap(([key, { value, revision: modRevision }]) =>
          key.startsWith(prefix) ? [{ key, value, modRevision }] : [],
        ),
      *services() {
        for (const [environment, services] of environments) {
          for (const [name, service] of services) yield [environment, name, service];
        }
      },
      entries: () => {
        const rest = [...others];
        const taken: { prefix: string; keys: string[]; entries: Entry[] }[] = [];
        for (const [environment, services] of environments) {
          for (const [name, service] of services) {
            const prefix = servicePrefix(environment as Environment, name);
            // Entries are never changed, only replaced.
            taken.push({ prefix, keys: [...service.entries.keys()], entries: [...service.entries.values()] });
          }
        }
        return (function* () {
          for (const [key, other] of rest) yield { key, value: other.value, modRevision: other.revision };
          for (const { prefix, keys, entries } of taken) {
            for (const [at, { body, revision: modRevision }] of entries.entries())
              yield { key: prefix + keys[at]!, value: body, modRevision };
          }
        })();
      },
      stored,
      apply: (to, changes) => {
        const before = parts.digests();
        for (const change of changes) set(change, to);
        revision = to;
        if (parts.digests() !== before) trail.push(to, parts.digests());
      },
      digests: parts.digests,
      digestsAt: asked => (asked <= revision ? trail.at(asked) : undefined),
      digest: () => digestOfParts(parts.digests()),
    };
  }

  return { stored, set, finish };
}
