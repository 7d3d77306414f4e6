/** A hub over a replica that the test writes, with sockets that remember and take as much as the test lets them. */
import {
  COMMIT_KEY,
  type ConfigurationPath,
  configurationKey,
  type WatchFrame,
} from '@quantivista/contracts';
import type { Change } from '@quantivista/region';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, vi } from 'vitest';
import { createHistory } from '../../follow/history.ts';
import { createReplica, type Replica } from '../../follow/replica.ts';
import { createHub, type Hub, type HubOptions } from './hub.ts';
import type { WatchSocket } from './socket.ts';
import type { Topic } from './topic.ts';

export const GENERATION = '11111111-1111-4111-8111-111111111111';
export const OTHER = '22222222-2222-4222-8222-222222222222';

export interface TestSocket extends WatchSocket {
  readonly frames: WatchFrame[];
  /** The frames as they were handed over: shared ones are the same. */
  readonly texts: string[];
  closed: { readonly code: number; readonly reason: string } | undefined;
  destroyed: boolean;
  /** What its client has not taken. */
  waiting: number;
  /** Whether what is sent is taken at once. */
  reads: boolean;
}

export function createSocket(transport: WatchSocket['transport'] = 'websocket'): TestSocket {
  const socket: TestSocket = {
    transport,
    frames: [],
    texts: [],
    closed: undefined,
    destroyed: false,
    waiting: 0,
    reads: true,
    send: frames => {
      let bytes = 0;
      for (const { text, size } of frames) {
        socket.frames.push(JSON.parse(text));
        socket.texts.push(text);
        bytes += size;
      }
      if (!socket.reads) socket.waiting += bytes;
      return bytes;
    },
    close: (code, reason) => {
      socket.closed = { code, reason };
    },
    destroy: () => {
      socket.destroyed = true;
    },
    bufferedBytes: () => socket.waiting,
  };
  return socket;
}

/** Resolves once `condition` holds. */
export const until = (condition: () => unknown, what: string) =>
  vi.waitFor(() => expect(condition(), what).toBeTruthy(), { timeout: 10_000, interval: 1 });
export const turn = () => new Promise(resolve => setImmediate(resolve));
export const kinds = (socket: TestSocket) => socket.frames.map(({ type }) => type);
export const revisions = (socket: TestSocket) => socket.frames.map(({ revision }) => revision);

export const path = (service: string, key: string): ConfigurationPath => ({
  environment: 'TEST',
  service,
  key,
});
export const record = (value: number) => JSON.stringify({ config_value: value, version: value });
/** `value` replaces the one before it; `undefined` deletes `was`. */
export const change = (service: string, key: string, value: number | undefined, was = (value ?? 1) - 1) => ({
  key: configurationKey(path(service, key)),
  value: value === undefined ? undefined : record(value),
  previous: was > 0 ? record(was) : undefined,
});
export const note = (updated_by: string, reason = 'why'): Change => ({
  key: COMMIT_KEY,
  value: JSON.stringify({ id: 'x', updated_by, reason, rollback_available: true, at: 1 }),
  previous: undefined,
});

/** Each service with the key `a` of this value, and a history of four to eight revisions. */
export const stateAt = (generation: string, revision: number, values: Record<string, number>) => ({
  snapshot: buildSnapshot(
    generation,
    revision,
    Object.entries(values).map(([service, value]) => ({
      key: configurationKey(path(service, 'a')),
      value: record(value),
      modRevision: revision - 1,
    })),
  ),
  history: createHistory(revision, { length: 4 }),
});

export interface HubUnderTest {
  readonly hub: Hub;
  readonly replica: Replica;
  /** Join, and wait until the first frames are there. */
  watch(topic: string | Partial<Topic>, since?: number, more?: Watch): Promise<TestSocket>;
  apply(revision: number, ...changes: Change[]): void;
}

interface Watch {
  readonly generation?: string;
  readonly socket?: TestSocket;
  readonly instanceId?: string;
}

export function startHub(options: Partial<HubOptions> = {}): HubUnderTest {
  const replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  const hub = createHub({
    replica,
    heartbeatMs: 60_000,
    softLimitBytes: 100,
    sweepMs: 5,
    drainMs: 0,
    ...options,
  });
  replica.replace(stateAt(GENERATION, 10, { risk: 1, pricing: 1 }));
  return {
    hub,
    replica,
    apply: (revision, ...changes) => replica.apply({ revision, changes }),
    watch: async (topic, since, { generation = GENERATION, socket = createSocket(), instanceId } = {}) => {
      const wanted = typeof topic === 'string' ? { service: topic } : topic;
      hub.join(socket, {
        topic: { environment: 'TEST', service: '*', ...wanted },
        since: since === undefined ? undefined : { generation, revision: since },
        instanceId,
      });
      while (socket.frames.length === 0 && !socket.closed) await turn();
      return socket;
    },
  };
}
