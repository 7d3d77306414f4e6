import { afterEach, expect, test } from 'vitest';
import {
  change,
  createSocket,
  type HubUnderTest,
  kinds,
  note,
  OTHER,
  revisions,
  startHub,
  stateAt,
  until,
} from './hub-under-test.ts';
import { SHARD_SIZE } from './shard.ts';

let at: HubUnderTest;
afterEach(() => at.hub.drain());

const start = (options: Parameters<typeof startHub>[0] = {}) => {
  at = startHub(options);
};
const caughtUp = () => until(() => at.hub.lagging === 0, 'nobody to lag');

/** One that has joined `service` and reads nothing more. */
async function slowWatcher(service = 'risk') {
  const socket = await at.watch(service);
  socket.waiting = 101;
  return socket;
}

test('one that reads too slowly is told in one frame of all that it missed, the others of each step', async () => {
  start();
  const [slow, quick] = [await slowWatcher(), await at.watch('risk')];
  at.apply(11, change('risk', 'a', 2), note('ann', 'first'));
  at.apply(12, change('risk', 'b', 1), change('pricing', 'a', 2), note('bob'));
  at.apply(13, change('risk', 'a', 3), note('cat', 'last'));
  at.apply(14, change('risk', 'c', 1));
  at.apply(15, change('risk', 'c', undefined, 1));
  expect(kinds(slow)).toEqual(['snapshot']);
  expect(at.hub.lagging).toBe(1);
  slow.waiting = 0;
  await caughtUp();
  expect(slow.frames.slice(1)).toMatchObject([
    {
      type: 'update',
      conflated_from: 10,
      revision: 15,
      updates: [
        { config_key: 'a', old_value: 1, new_value: 3, version: 3, updated_by: 'cat', reason: 'last' },
        { config_key: 'b', old_value: null, new_value: 1, updated_by: 'bob' },
      ],
    },
  ]);
  at.apply(16, change('risk', 'a', 4));
  expect(slow.frames.at(-1)).toEqual(quick.frames.at(-1));
  expect(revisions(quick)).toEqual([10, 11, 12, 13, 14, 15, 16]);
  expect([at.hub.conflated, at.hub.dropped]).toEqual([1, 0]);
});

test('a key that is gone is told of as deleted, with the version that it was removed as', async () => {
  start();
  const slow = await slowWatcher();
  at.apply(11, change('risk', 'a', 2));
  at.apply(12, change('risk', 'a', undefined, 2));
  slow.waiting = 0;
  await caughtUp();
  expect(slow.frames[1]).toMatchObject({
    updates: [{ config_key: 'a', old_value: 1, new_value: null, deleted: true, version: 3 }],
  });
});

test('that something came to nothing is told, without the keys', async () => {
  start();
  const slow = await slowWatcher();
  at.apply(11, change('risk', 'b', 1));
  at.apply(12, change('risk', 'b', undefined, 1));
  slow.waiting = 0;
  await caughtUp();
  at.apply(13, change('risk', 'a', 2));
  expect(revisions(slow)).toEqual([10, 12, 13]);
  expect(slow.frames[1]).toMatchObject({ conflated_from: 10, updates: [] });
});

test('one that lags further than history reaches gets a reset and a snapshot', async () => {
  start();
  const slow = await slowWatcher();
  for (let value = 2; value < 12; value++) at.apply(9 + value, change('risk', 'a', value));
  slow.waiting = 0;
  await caughtUp();
  expect(kinds(slow)).toEqual(['snapshot', 'reset', 'snapshot']);
  expect(slow.frames[1]).toMatchObject({ reason: 'compacted', revision: 20 });
  expect(slow.frames[2]).toMatchObject({ configurations: { a: { config_value: 11 } } });
});

test('one that lags while the state is replaced is reset, for the reason that the others were', async () => {
  start();
  const slow = await slowWatcher();
  at.apply(11, change('risk', 'a', 2));
  at.replica.replace(stateAt(OTHER, 20, { risk: 7 }));
  at.apply(21, change('risk', 'a', 8));
  slow.waiting = 0;
  await caughtUp();
  expect(kinds(slow)).toEqual(['snapshot', 'reset', 'snapshot']);
  expect(slow.frames[1]).toMatchObject({ reason: 'generation_changed', revision: 21 });
});

test('what waits for its turn when one catches up is told once', async () => {
  start();
  const first = Array.from({ length: SHARD_SIZE }, () => at.watch('risk'));
  await Promise.all(first);
  const slow = await slowWatcher();
  const beside = await at.watch('risk');
  at.apply(11, change('risk', 'a', 2));
  await until(() => at.hub.lagging === 1, 'it to lag');
  slow.waiting = 0;
  at.apply(12, change('risk', 'a', 3));
  await caughtUp();
  at.apply(13, change('risk', 'a', 4));
  await until(() => revisions(slow).at(-1) === 13, 'the last update');
  expect(revisions(beside)).toEqual([10, 11, 12, 13]);
  expect(slow.frames.slice(1)).toMatchObject([{ conflated_from: 10, revision: 12 }, { revision: 13 }]);
});

test('one that takes nothing within the write timeout is closed with 1013 and a reason', async () => {
  start({ writeTimeoutMs: 20 });
  const [slow, quick] = [await slowWatcher(), await at.watch('risk')];
  at.apply(11, change('risk', 'a', 2));
  await until(() => slow.closed, 'the slow one to be closed');
  expect(slow.closed).toEqual({
    code: 1013,
    reason: JSON.stringify({ reason: 'too_slow', reconnect_window_ms: 1_000 }),
  });
  expect([kinds(quick), quick.closed]).toEqual([['snapshot', 'update'], undefined]);
  expect([at.hub.watchers, at.hub.dropped, at.hub.lagging, at.hub.bufferedBytes]).toEqual([1, 1, 0, 0]);
});

test('above the budget for all, those who have taken nothing for longest go at once', async () => {
  start({ budgetBytes: 1_000 });
  const deaf = Array.from({ length: 20 }, () => createSocket());
  for (const socket of deaf) {
    socket.reads = false;
    await at.watch('risk', undefined, { socket });
  }
  expect(at.hub.bufferedBytes).toBeLessThanOrEqual(1_000);
  const gone = deaf.filter(({ destroyed }) => destroyed);
  expect(gone.length).toBe(at.hub.dropped);
  expect(gone.length).toBeGreaterThan(0);
  expect(deaf.slice(0, gone.length)).toEqual(gone);
  expect(at.hub.watchers).toBe(20 - gone.length);
});
