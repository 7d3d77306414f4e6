import { COMMIT_KEY, configurationKey } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  change,
  createSocket,
  GENERATION,
  type HubUnderTest,
  kinds,
  note,
  OTHER,
  path,
  record,
  revisions,
  startHub,
  stateAt,
  type TestSocket,
  turn,
} from './hub-under-test.ts';
import { SHARD_SIZE } from './shard.ts';

let at: HubUnderTest;
beforeEach(() => {
  at = startHub();
});
afterEach(() => at.hub.drain());

describe('a revision', () => {
  test('goes to the topics that it touches, each with its own part', async () => {
    const [risk, pricing] = [await at.watch('risk'), await at.watch('pricing')];
    at.apply(
      11,
      change('risk', 'a', 2),
      change('risk', 'b', 1),
      change('elsewhere', 'a', 1),
      note('ann', 'why'),
    );
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

  test('made without the authority has an unknown author, and a value that is no record is null', async () => {
    const socket = await at.watch('risk');
    const key = configurationKey(path('risk', 'a'));
    at.apply(11, { key, value: 'not json', previous: undefined });
    expect(socket.frames[1]).toMatchObject({
      updates: [{ new_value: null, deleted: false, updated_by: 'unknown' }],
    });
  });

  test('is in one frame for a whole environment, whatever services it touches', async () => {
    const all = await at.watch({ service: '*' });
    expect(all.frames[0]).toMatchObject({
      service_name: '*',
      configurations: { 'risk/a': { config_value: 1 }, 'pricing/a': { config_value: 1 } },
    });
    at.apply(11, change('risk', 'a', 2), change('pricing', 'b', 1), note('ann'));
    expect(all.frames.slice(1)).toMatchObject([
      {
        service_name: '*',
        revision: 11,
        updates: [
          { service_name: 'risk', config_key: 'a', new_value: 2 },
          { service_name: 'pricing', config_key: 'b', new_value: 1 },
        ],
      },
    ]);
  });

  test('of another environment is nobody else’s', async () => {
    const all = await at.watch({ service: '*' });
    const key = configurationKey({ environment: 'STAGING', service: 'risk', key: 'a' });
    at.apply(11, { key, value: record(1), previous: undefined });
    expect(kinds(all)).toEqual(['snapshot']);
  });

  test('is filtered by the beginning of the key, within a service and across them', async () => {
    const within = await at.watch({ service: 'risk', prefix: 'limit_' });
    const across = await at.watch({ service: '*', prefix: 'limit_' });
    expect(within.frames[0]).toMatchObject({ configurations: {} });
    at.apply(11, change('risk', 'a', 2), change('risk', 'limit', 1));
    at.apply(12, change('risk', 'limit_x', 1), change('pricing', 'limit_y', 1), change('risk', 'b', 1));
    expect(within.frames.slice(1)).toMatchObject([{ revision: 12, updates: [{ config_key: 'limit_x' }] }]);
    expect(across.frames[1]).toMatchObject({
      updates: [{ config_key: 'limit_x' }, { config_key: 'limit_y' }],
    });
    const late = await at.watch({ service: '*', prefix: 'limit_' });
    expect(Object.keys((late.frames[0] as { configurations: object }).configurations)).toEqual([
      'risk/limit_x',
      'pricing/limit_y',
    ]);
    expect(revisions(await at.watch({ service: 'risk', prefix: 'limit_' }, 10))).toEqual([12, 12]);
  });
});

describe('resuming', () => {
  test('from a revision that is held: what was missed, then a bookmark', async () => {
    at.apply(12, change('risk', 'a', 2));
    at.apply(13, change('pricing', 'a', 2));
    at.apply(15, change('risk', 'a', 3));
    expect(revisions(await at.watch('risk', 12))).toEqual([15, 15]);
    expect(revisions(await at.watch('risk', 10))).toEqual([12, 15, 15]);
    expect(revisions(await at.watch('risk', 12))).toEqual([15, 15]);
    expect(kinds(await at.watch('risk', 15))).toEqual(['heartbeat']);
    at.apply(16, change('risk', 'a', 4));
    expect(revisions(await at.watch('risk', 12))).toEqual([15, 16, 16]);
  });

  test('from before the history: a reset that says so, then a snapshot', async () => {
    const socket = await at.watch('risk', 9);
    expect(kinds(socket)).toEqual(['reset', 'snapshot']);
    expect(socket.frames[0]).toMatchObject({ reason: 'compacted' });
  });

  test('from another generation: likewise', async () => {
    const socket = await at.watch('risk', 10, { generation: OTHER });
    expect(socket.frames[0]).toMatchObject({ type: 'reset', reason: 'generation_changed' });
  });
});

/** Streams are written to in turns of the event loop, as many as it takes: a machine may have other things to do. */
async function told(...expected: [socket: TestSocket, frames: number][]) {
  while (expected.some(([socket, frames]) => socket.frames.length < frames)) await turn();
}

describe('a state that was replaced', () => {
  test('within a generation: those whose service changed are reset, the others are told that it came to nothing', async () => {
    const [risk, pricing, all] = [await at.watch('risk'), await at.watch('pricing'), await at.watch('*')];
    const snapshot = buildSnapshot(GENERATION, 20, [
      { key: configurationKey(path('risk', 'a')), value: record(5), modRevision: 19 },
      { key: configurationKey(path('pricing', 'a')), value: record(1), modRevision: 9 },
    ]);
    at.replica.replace({ ...stateAt(GENERATION, 20, {}), snapshot });
    await told([risk, 3], [all, 3], [pricing, 2]);
    expect(kinds(risk)).toEqual(['snapshot', 'reset', 'snapshot']);
    expect(kinds(all)).toEqual(['snapshot', 'reset', 'snapshot']);
    expect(kinds(pricing)).toEqual(['snapshot', 'update']);
    expect(pricing.frames[1]).toMatchObject({ revision: 20, conflated_from: 10, updates: [] });
  });

  test('by another generation: everybody is reset, before anything of the new one is told', async () => {
    const [risk, pricing] = [await at.watch('risk'), await at.watch('pricing')];
    at.replica.replace(stateAt(OTHER, 2, { risk: 1, pricing: 1 }));
    at.apply(3, change('risk', 'a', 2));
    await told([risk, 3], [pricing, 3]);
    at.apply(4, change('risk', 'a', 3));
    expect(kinds(risk)).toEqual(['snapshot', 'reset', 'snapshot', 'update']);
    expect(revisions(risk)).toEqual([10, 3, 3, 4]);
    expect(kinds(pricing)).toEqual(['snapshot', 'reset', 'snapshot']);
  });
});

describe('many watchers', () => {
  test('each gets every frame once and in order, also those who join while frames wait', async () => {
    const sockets = Array.from({ length: SHARD_SIZE * 2 + 10 }, () => createSocket());
    await Promise.all(sockets.map(socket => at.watch('risk', undefined, { socket })));
    const late: TestSocket[] = [];
    for (let value = 2; value < 12; value++) {
      at.apply(10 + value, change('risk', 'a', value));
      if (value === 6) late.push(await at.watch('risk'));
      if (value % 3 === 0) await turn();
    }
    for (let count = 0; count < 20; count++) await turn();
    for (const socket of sockets) {
      expect(revisions(socket)).toEqual([10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    }
    expect(revisions(late[0]!)).toEqual([16, 17, 18, 19, 20, 21]);
    expect(at.hub.watchers).toBe(sockets.length + 1);
  });

  test('share one text of each frame, the snapshot and the replay among them', async () => {
    const [first, second] = [await at.watch('risk'), await at.watch('risk')];
    at.apply(11, change('risk', 'a', 2));
    const resumed = [await at.watch('risk', 10), await at.watch('risk', 10)];
    for (const index of [0, 1]) expect(first.texts[index]).toBe(second.texts[index]);
    expect(resumed[0]!.texts[0]).toBe(resumed[1]!.texts[0]);
    expect(resumed[0]!.texts[0]).toBe(first.texts[1]);
  });

  test('leaving twice is leaving once', async () => {
    const first = await at.watch('risk');
    at.hub.leave(first);
    at.hub.leave(first);
    expect(at.hub.watchers).toBe(0);
    at.apply(11, change('risk', 'a', 2));
    expect(kinds(first)).toEqual(['snapshot']);
  });

  test('are counted by what they speak', async () => {
    await at.watch('risk', undefined, { socket: createSocket('sse') });
    await at.watch('risk');
    const gone = await at.watch('risk');
    at.hub.leave(gone);
    expect(at.hub.watchersBy).toEqual({ websocket: 1, sse: 1 });
  });
});

test('a note alone changes nothing for anybody', async () => {
  const socket = await at.watch({ service: '*' });
  at.apply(11, { key: COMMIT_KEY, value: '{}', previous: undefined });
  expect(kinds(socket)).toEqual(['snapshot']);
});
