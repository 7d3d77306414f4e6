/**
 * The secrets of the state that is held, opened, in memory alone. They are opened ahead of being asked for, so that
 * a read of one is as quick as any other; what was opened goes on being served while the store of secrets does not
 * answer, and is let go of when no key has it any more.
 */
import {
  type ConfigurationPath,
  configurationKey,
  holdsSealed,
  parseConfigurationKey,
  type SealedValue,
} from '@quantivista/contracts';
import { type Log, pause } from '@quantivista/runtime';
import type { SealedEntry, Snapshot } from '@quantivista/snapshot';
import type { SecretPath, SecretStore } from '@quantivista/vault';
import type { Replica } from '../follow/replica.ts';
import { createOpening, type OpenedSecret, type Opening } from './opening.ts';

export interface OpenedSecrets {
  readonly status: SecretStore['status'];
  /** Held opened, and still to be opened. */
  readonly opened: number;
  readonly pending: number;
  /** As far as it is known now. */
  get(path: SecretPath): OpenedSecret;
  /** When these have been opened, or it is known that they can't be for now, or after `timeoutMs`. */
  settled(path: Omit<SecretPath, 'key'>, keys: readonly string[], timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface OpenedSecretsOptions {
  readonly replica: Pick<Replica, 'current' | 'listen'>;
  readonly store: SecretStore;
  readonly log: Log;
  /** Opened at once. @default 8 */
  readonly concurrency?: number;
  /** Nodes that start together don't ask together: within so long they begin. @default 1 s */
  readonly startWithinMs?: number;
}

const keyOf = (path: SecretPath): string => configurationKey(path as ConfigurationPath);
const UNKNOWN: OpenedSecret = { kind: 'unavailable' };

/** What is held of a key. */
interface Held {
  /** The sealed value in JSON. */
  readonly text: string;
  readonly opening: Opening;
}

export function createOpenedSecrets(options: OpenedSecretsOptions): OpenedSecrets {
  const { replica, store, log, concurrency = 8, startWithinMs = 1_000 } = options;
  /** By etcd key. */
  const held = new Map<string, Held>();
  const queue = createOpening({ store, log, concurrency });

  function hold(etcdKey: string, path: SecretPath, { value }: SealedEntry): void {
    const text = JSON.stringify(value);
    // A sealed value never changes: what was opened of it stays.
    if (held.get(etcdKey)?.text === text) return;
    letGo(etcdKey);
    held.set(etcdKey, { text, opening: queue.begin(path, value as SealedValue) });
  }

  function letGo(etcdKey: string): void {
    const known = held.get(etcdKey);
    if (!known) return;
    queue.drop(known.opening);
    held.delete(etcdKey);
  }

  function follow(etcdKey: string, snapshot: Snapshot): void {
    const path = parseConfigurationKey(etcdKey);
    const sealed = path && snapshot.service(path.environment, path.service)?.sealed?.get(path.key);
    if (path && sealed) hold(etcdKey, path, sealed);
    else letGo(etcdKey);
  }

  function followAll(snapshot: Snapshot): void {
    const present = new Set<string>();
    for (const [environment, service, { sealed }] of snapshot.services()) {
      for (const [key, entry] of sealed ?? []) {
        const path = { environment, service, key };
        present.add(keyOf(path));
        hold(keyOf(path), path, entry);
      }
    }
    for (const key of held.keys()) if (!present.has(key)) letGo(key);
  }

  replica.listen({
    applied: ({ changes }) => {
      const { snapshot } = replica.current!;
      for (const { key, value } of changes) {
        if (held.has(key) || (value !== undefined && holdsSealed(value))) follow(key, snapshot);
      }
    },
    replaced: (before, now) => {
      if (before === undefined) queue.hold(Math.random() * startWithinMs);
      followAll(now);
    },
  });

  return {
    status: store.status,
    get opened() {
      return [...held.values()].filter(({ opening }) => opening.result?.kind === 'opened').length;
    },
    get pending() {
      return [...held.values()].filter(({ opening }) => opening.result === undefined).length;
    },
    get: path => held.get(keyOf(path))?.opening.result ?? UNKNOWN,
    settled: async (path, keys, timeoutMs) => {
      const openings = keys.flatMap(key => held.get(keyOf({ ...path, key }))?.opening ?? []);
      const pending = openings.filter(({ result }) => result === undefined);
      if (pending.length === 0) return;
      const timeout = new AbortController();
      await Promise.race([Promise.all(pending.map(queue.hurry)), pause(timeoutMs, timeout.signal)]);
      timeout.abort();
    },
    close: async () => {
      queue.stop();
      await store.close();
    },
  };
}
