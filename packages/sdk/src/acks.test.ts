import { expect, test, vi } from 'vitest';
import { createAcks } from './acks.ts';
import type { Requester } from './request.ts';

const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000, interval: 5 });

/** A node that answers when it is told to. */
function start() {
  const sent: unknown[] = [];
  const answers: (() => void)[] = [];
  const requester: Requester = {
    ask: async (node, _path, { body } = {}) => {
      const { revision, applied } = JSON.parse(body!);
      sent.push([node, revision, applied]);
      await new Promise<void>(resolve => answers.push(resolve));
      return new Response();
    },
  };
  const ending = new AbortController();
  const acks = createAcks(requester, { environment: 'TEST', service: 'risk' }, 'i', ending.signal);
  return { acks, sent, ending, answer: () => answers.shift()!() };
}

test('of those that say the same in a row the newest is sent, and each turn that it took', async () => {
  const { acks, sent, answer } = start();
  acks.tell('a', { revision: 1, applied: true });
  for (let revision = 2; revision < 5; revision++) acks.tell('a', { revision, applied: true });
  for (let revision = 5; revision < 8; revision++)
    acks.tell('a', { revision, applied: false, error: 'no use' });
  acks.tell('a', { revision: 8, applied: true });
  acks.tell('a', { revision: 9, applied: false, error: 'no use' });
  for (let count = 1; count < 5; count++) {
    await eventually(() => expect(sent).toHaveLength(count));
    answer();
  }
  await eventually(() => expect(sent).toHaveLength(5));
  expect(sent).toEqual([
    ['a', 1, true],
    ['a', 4, true],
    ['a', 7, false],
    ['a', 8, true],
    ['a', 9, false],
  ]);
});

test('a node that answers nothing makes nothing pile up: the newest are kept', async () => {
  const { acks, sent, answer } = start();
  acks.tell('a', { revision: 0, applied: true });
  for (let revision = 1; revision <= 1_000; revision++)
    acks.tell('a', { revision, applied: revision % 2 === 0 });
  for (let count = 1; count < 9; count++) {
    await eventually(() => expect(sent).toHaveLength(count));
    answer();
  }
  await eventually(() => expect(sent.at(-1)).toEqual(['a', 1_000, true]));
  expect(sent).toHaveLength(9);
});

test('closed, nothing more is said', async () => {
  const { acks, sent, ending, answer } = start();
  acks.tell('a', { revision: 1, applied: true });
  acks.tell('a', { revision: 2, applied: false });
  ending.abort();
  answer();
  await new Promise(resolve => setImmediate(resolve));
  expect(sent).toHaveLength(1);
});
