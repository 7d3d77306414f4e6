import { createToken, hashToken, type TokenRecord } from '@quantivista/access';
import { TOKENS_PREFIX } from '@quantivista/contracts';
import { createRateLimits } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { createMemoryEtcd } from '../test/memory-etcd.ts';
import { createCallers } from './callers.ts';

function start() {
  const store = createMemoryEtcd();
  const token = createToken();
  const key = TOKENS_PREFIX + hashToken(token);
  const record = { name: 'writer', permissions: ['write'] } as unknown as TokenRecord;
  store.put(key, JSON.stringify(record));
  let reads = 0;
  /** Answers are held back until this is resolved. */
  let gate = Promise.resolve();
  const callers = createCallers({
    etcd: {
      ...store.etcd,
      read: async keys => {
        reads++;
        // As the store was when it was asked.
        const answer = await store.etcd.read(keys);
        await gate;
        return answer;
      },
    },
    issuers: { check: async () => undefined, known: () => undefined } as never,
    denials: { record: () => {} } as never,
    tokenUse: { used: () => {} },
    rates: {
      callers: createRateLimits({ perSecond: 1_000 }),
      strangers: createRateLimits({ perSecond: 1_000 }),
    },
  });
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return () => {
      gate = Promise.resolve();
      resolve();
    };
  };
  return { store, key, callers, credential: `Bearer ${token}`, hold, reads: () => reads };
}

test('requests that come together with one token look it up once', async () => {
  const { callers, credential, hold, reads } = start();
  const release = hold();
  const asked = Array.from({ length: 20 }, () => callers.require(credential));
  release();
  for (const { name } of await Promise.all(asked)) expect(name).toBe('writer');
  expect(reads()).toBe(1);
});

test('a look-up that began before something was forgotten answers nobody who asks after it', async () => {
  const { store, key, callers, credential, hold, reads } = start();
  const release = hold();
  const before = callers.require(credential);
  before.catch(() => {});
  await expect.poll(reads).toBe(1);
  store.entries.delete(key);
  callers.forget();
  const after = callers.require(credential);
  after.catch(() => {});
  release();
  await expect(after).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(callers.require(credential)).rejects.toMatchObject({ code: 'unauthenticated' });
});
