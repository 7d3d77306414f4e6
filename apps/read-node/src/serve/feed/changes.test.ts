import { createScope, EVERYTHING, type Scope, type ServiceError } from '@quantivista/contracts';
import { createSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createPast, GENERATION } from '../../../test/random-past.ts';
import { createHistory } from '../../follow/history.ts';
import { changeChunks, requireHeld } from './changes.ts';
import { createCursor } from './cursor.ts';

const HOUR_MS = 3_600_000;

function start(scope: Scope = EVERYTHING, { historyLength = 1_000, pingMs = HOUR_MS } = {}) {
  const past = createPast(historyLength);
  const chunks = changeChunks(past.replica, GENERATION, createCursor(0, scope), pingMs);
  /** The lines of the next chunk; `undefined` at the end. */
  const next = async () => {
    const { value } = await chunks.next();
    return value === undefined
      ? undefined
      : value
          .trimEnd()
          .split('\n')
          .map((line: string) => JSON.parse(line));
  };
  return { past, next };
}

test('says where it begins, then what is held, then what comes', async () => {
  const { past, next } = start();
  past.play({ 'TEST/a': 1 });
  past.play({ 'TEST/a': 2 });
  expect(await next()).toEqual([{ generation: GENERATION, revision: 0 }]);
  expect(await next()).toMatchObject([{ revision: 2 }, { revision: 4 }]);
  const coming = next();
  past.play('beat');
  expect(await coming).toMatchObject([{ revision: 6, changes: [{ key: '/quantivista/_heartbeat' }] }]);
});

test('pings in silence', async () => {
  const { next } = start(EVERYTHING, { pingMs: 5 });
  await next();
  expect(await next()).toEqual([{ ping: true }]);
  expect(await next()).toEqual([{ ping: true }]);
});

test('moves a child on by revisions that are not for it, many in one line, and what is comes at once', async () => {
  const { past, next } = start(createScope(['TEST']));
  await next();
  for (let count = 0; count < 100; count++) past.play({ 'PRODUCTION/a': count });
  expect(await next()).toEqual([{ revision: 200, changes: [] }]);
  const coming = next();
  past.play({ 'PRODUCTION/a': 0 });
  past.play({ 'TEST/a': 0 });
  expect(await coming).toMatchObject([{ revision: 204, changes: [{}, {}] }]);
  past.play({ 'PRODUCTION/a': 1 });
  expect(await next()).toEqual([{ revision: 206, changes: [] }]);
});

test('ends where the history has passed the child, after what was still held', async () => {
  const { past, next } = start(EVERYTHING, { historyLength: 2 });
  await next();
  past.play({ 'TEST/a': 1 });
  expect(await next()).toMatchObject([{ revision: 2 }]);
  for (let count = 0; count < 9; count++) past.play({ 'TEST/a': count });
  expect(await next()).toEqual([{ end: 'compacted' }]);
  expect(await next()).toBeUndefined();
});

test('ends where another life of the store begins', async () => {
  const { past, next } = start();
  await next();
  const other = createSnapshot('6b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11');
  past.replica.replace({ snapshot: other, history: createHistory(0, { length: 10 }) });
  expect(await next()).toEqual([{ end: 'generation_changed' }]);
});

test.each([
  [GENERATION, 1, 'compacted'],
  [GENERATION, 99, 'revision_not_reached'],
  ['6b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11', 10, 'generation_changed'],
])('what follows %s:%i can’t be had: %s', (generation, revision, code) => {
  const past = createPast(2);
  for (let count = 0; count < 9; count++) past.play({ 'TEST/a': count });
  try {
    requireHeld(past.replica.current!, { generation, revision });
    expect.unreachable();
  } catch (error) {
    expect((error as ServiceError).code).toBe(code);
  }
});
