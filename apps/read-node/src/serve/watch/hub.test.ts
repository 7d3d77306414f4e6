import {
  COMMIT_KEY,
  type ConfigurationPath,
  configurationKey,
  type WatchFrame,
} from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHistory } from '../../follow/history.ts';
import { createReplica, type Replica } from '../../follow/replica.ts';
import { createHub, type Hub } from './hub.ts';
import { SHARD_SIZE, type WatchSocket } from './shard.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const topic = (service: string) => ({ environment: 'TEST', service }) as const;

interface TestSocket extends WatchSocket {
  readonly frames: WatchFrame[];
  closed: number | undefined;
  waiting: number;
}
function createSocket(): TestSocket {
  const socket: TestSocket = {
    frames: [],
    closed: undefined,
    waiting: 0,
    send: text => void socket.frames.push(JSON.parse(text)),
    close: code => {
      socket.closed = code;
    },
    bufferedBytes: () => socket.waiting,
  };
  return socket;
}

const path = (service: string, key: string): ConfigurationPath => ({ environment: 'TEST', service, key });
const record = (value: number) => JSON.stringify({ config_value: value, version: value });
const change = (service: string, key: string, value: number) => ({
  key: configurationKey(path(service, key)),
  value: record(value),
  previous: value > 1 ? record(value - 1) : undefined,
});
const stateAt = (generation: string, revision: number, values: Record<string, number>) => ({
  snapshot: buildSnapshot(
    generation,
    revision,
    Object.entries(values).map(([service, value]) => ({
      key: configurationKey(path(service, 'a')),
      value: record(value),
      modRevision: revision - 1,
    })),
  ),
  history: createHistory(revision, 4),
});
const turn = () => new Promise(resolve => setImmediate(resolve));
const kinds = (socket: TestSocket) => socket.frames.map(frame => frame.type);

let replica: Replica;
let hub: Hub;
beforeEach(() => {
  replica = createReplica({ agingMs: 5_000, staleMs: 30_000 });
  hub = createHub({ replica, heartbeatMs: 60_000, maxBufferedBytes: 100 });
  replica.replace(stateAt(GENERATION, 10, { risk: 1, pricing: 1 }));
});
afterEach(() => hub.close());

const watch = (service: string, since?: number, generation = GENERATION) => {
  const socket = createSocket();
  hub.join(socket, {
    topic: topic(service),
    since: since === undefined ? undefined : { generation, revision: since },
  });
  return socket;
};

test('a revision goes to the topics that it touches, each with its own part', () => {
  const [risk, pricing] = [watch('risk'), watch('pricing')];
  const note = { id: 'x', updated_by: 'ann', reason: 'why', rollback_available: true, at: 1 };
  const changes = [change('risk', 'a', 2), change('risk', 'b', 1), change('elsewhere', 'a', 1)];
  replica.apply({
    revision: 11,
    changes: [...changes, { key: COMMIT_KEY, value: JSON.stringify(note), previous: undefined }],
  });
  expect(kinds(pricing)).toEqual(['snapshot']);
  expect(risk.frames[1]).toMatchObject({
    type: 'update',
    revision: 11,
    updates: [
      { config_key: 'a', old_value: 1, new_value: 2, updated_by: 'ann', reason: 'why' },
      { config_key: 'b', old_value: null, new_value: 1 },
    ],
  });
});

test('a change made without the authority has an unknown author, and a value that is no record is null', () => {
  const socket = watch('risk');
  const key = configurationKey(path('risk', 'a'));
  replica.apply({ revision: 11, changes: [{ key, value: 'not json', previous: undefined }] });
  expect(socket.frames[1]).toMatchObject({
    updates: [{ new_value: null, deleted: false, updated_by: 'unknown' }],
  });
});

describe('resuming', () => {
  test('from a revision that is held: what was missed, then a bookmark', () => {
    replica.apply({ revision: 12, changes: [change('risk', 'a', 2)] });
    replica.apply({ revision: 13, changes: [change('pricing', 'a', 2)] });
    replica.apply({ revision: 15, changes: [change('risk', 'a', 3)] });
    expect(watch('risk', 10).frames.map(frame => frame.revision)).toEqual([12, 15, 15]);
    expect(watch('risk', 12).frames.map(frame => frame.revision)).toEqual([15, 15]);
    expect(kinds(watch('risk', 15))).toEqual(['heartbeat']);
  });

  test('from before the history: a reset that says so, then a snapshot', () => {
    const socket = watch('risk', 9);
    expect(kinds(socket)).toEqual(['reset', 'snapshot']);
    expect(socket.frames[0]).toMatchObject({ reason: 'compacted' });
  });

  test('from another generation: likewise', () => {
    expect(watch('risk', 10, OTHER).frames[0]).toMatchObject({ type: 'reset', reason: 'generation_changed' });
  });
});

describe('a state that was replaced', () => {
  test('within a generation: those whose service changed are reset, the others notice nothing', () => {
    const [risk, pricing] = [watch('risk'), watch('pricing')];
    const next = stateAt(GENERATION, 20, { risk: 5 });
    next.snapshot.apply(20, []);
    const unchanged = buildSnapshot(GENERATION, 20, [
      { key: configurationKey(path('risk', 'a')), value: record(5), modRevision: 19 },
      { key: configurationKey(path('pricing', 'a')), value: record(1), modRevision: 9 },
    ]);
    replica.replace({ ...next, snapshot: unchanged });
    expect(kinds(risk)).toEqual(['snapshot', 'reset', 'snapshot']);
    expect(kinds(pricing)).toEqual(['snapshot']);
  });

  test('by another generation: everybody is reset', () => {
    const [risk, pricing] = [watch('risk'), watch('pricing')];
    replica.replace(stateAt(OTHER, 2, { risk: 1, pricing: 1 }));
    expect(kinds(risk)).toEqual(['snapshot', 'reset', 'snapshot']);
    expect(kinds(pricing)).toEqual(['snapshot', 'reset', 'snapshot']);
  });
});

describe('many watchers', () => {
  test('each gets every frame once and in order, also those who join while frames wait', async () => {
    const sockets = Array.from({ length: SHARD_SIZE * 2 + 10 }, () => watch('risk'));
    const late: TestSocket[] = [];
    for (let value = 2; value < 12; value++) {
      replica.apply({ revision: 10 + value, changes: [change('risk', 'a', value)] });
      if (value === 6) late.push(watch('risk'));
      if (value % 3 === 0) await turn();
    }
    for (let count = 0; count < 20; count++) await turn();
    for (const socket of sockets) {
      expect(socket.frames.map(frame => frame.revision)).toEqual([
        10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      ]);
    }
    expect(late[0]!.frames.map(frame => frame.revision)).toEqual([16, 17, 18, 19, 20, 21]);
    expect(hub.watchers).toBe(sockets.length + 1);
  });

  test('one that does not read is closed with 1013, the others go on', () => {
    const [slow, quick] = [watch('risk'), watch('risk')];
    slow.waiting = 101;
    replica.apply({ revision: 11, changes: [change('risk', 'a', 2)] });
    expect(slow.closed).toBe(1013);
    expect(kinds(quick)).toEqual(['snapshot', 'update']);
    expect([hub.watchers, hub.dropped]).toEqual([1, 1]);
  });

  test('leaving twice is leaving once, and an ending node closes with 1012', () => {
    const [first, second] = [watch('risk'), watch('risk')];
    hub.leave(first);
    hub.leave(first);
    expect(hub.watchers).toBe(1);
    hub.close();
    expect([first.closed, second.closed]).toEqual([undefined, 1012]);
  });
});
