import { flagPath } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import type { Committed, Writer } from './commit.ts';
import { setConfiguration } from './configuration.ts';
import { queueFlagWrites } from './flag-queue.ts';
import type { RequestedChange, WriteRequest } from './request.ts';

const request = (change: RequestedChange): WriteRequest => ({
  changes: [change],
  actor: 'ana',
  reason: '',
  rollbackAvailable: true,
});
const flag = (name: string) =>
  request({ path: flagPath(name), field: 'body', conditions: {}, next: present => present });
const configuration = request(
  setConfiguration({ environment: 'TEST', service: 'risk', key: 'a' }, { value: 1 }, { field: 'body' }),
);

/** A writer whose writes end when they are told to. */
function createHeldWriter() {
  const begun: { name: string; end(): void; fail(): void }[] = [];
  const writer: Writer = {
    preview: () => Promise.reject(new Error('no preview')),
    write: ({ changes }) => {
      const { promise, resolve, reject } = Promise.withResolvers<Committed>();
      const end = () => resolve({} as Committed);
      begun.push({ name: changes[0]!.path.key, end, fail: () => reject(new Error('failed')) });
      return promise;
    },
  };
  return { writer, names: () => begun.map(({ name }) => name), begun };
}
const settle = () => new Promise(resolve => setImmediate(resolve));

test('flags take turns, in order, whether or not they succeed; others pass', async () => {
  const { writer, names, begun } = createHeldWriter();
  const queue = queueFlagWrites(writer);
  const [first, second] = [queue.write(flag('one')), queue.write(flag('two'))];
  void queue.write(configuration);
  await settle();
  expect(names()).toEqual(['a', 'one']);
  begun[1]!.fail();
  await expect(first).rejects.toThrow('failed');
  await settle();
  expect(names()).toEqual(['a', 'one', 'two']);
  begun[2]!.end();
  await second;
});

test('who waited too long is refused, and does not take a turn', async () => {
  const { writer, names, begun } = createHeldWriter();
  const queue = queueFlagWrites(writer, -1);
  await expect(queue.write(flag('late'))).rejects.toMatchObject({ code: 'overloaded' });
  expect(names()).toEqual([]);
  expect(begun).toEqual([]);
});
