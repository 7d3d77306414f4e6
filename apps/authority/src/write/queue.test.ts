import { flagPath } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Committed, Writer } from './commit.ts';
import { setConfiguration } from './configuration.ts';
import { queueWrites } from './queue.ts';
import type { RequestedChange, WriteRequest } from './request.ts';

const request = (...changes: RequestedChange[]): WriteRequest => ({
  changes,
  actor: 'ana',
  reason: '',
  rollbackAvailable: true,
});
const flag = (name: string): RequestedChange => ({
  path: flagPath(name),
  field: 'body',
  conditions: {},
  next: present => present,
});
const set = (key: string): RequestedChange =>
  setConfiguration({ environment: 'TEST', service: 'risk', key }, { value: 1 }, { field: 'body' });

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

test('writes of a record take turns, in order, whether or not they succeed; others pass', async () => {
  const { writer, names, begun } = createHeldWriter();
  const queue = queueWrites(writer);
  const [first, second] = [queue.write(request(set('a'))), queue.write(request(set('a')))];
  void queue.write(request(set('b')));
  await settle();
  expect(names()).toEqual(['a', 'b']);
  begun[0]!.fail();
  await expect(first).rejects.toThrow('failed');
  await settle();
  expect(names()).toEqual(['a', 'b', 'a']);
  begun[2]!.end();
  await second;
});

test('flags take turns with one another, whichever they are', async () => {
  const { writer, names, begun } = createHeldWriter();
  const queue = queueWrites(writer);
  void queue.write(request(flag('one')));
  void queue.write(request(flag('two')));
  await settle();
  expect(names()).toEqual(['one']);
  begun[0]!.end();
  await settle();
  expect(names()).toEqual(['one', 'two']);
});

test('however records are written together, each write has its turn, alone with all that it writes', async () => {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(keys, { maxLength: 12 }), async wanted => {
      const writing = new Set<string>();
      const written: string[][] = [];
      const queue = queueWrites({
        preview: () => Promise.reject(new Error('no preview')),
        write: async ({ changes }) => {
          const own = changes.map(({ path }) => path.key);
          for (const key of own) {
            expect(writing.has(key)).toBe(false);
            writing.add(key);
          }
          await settle();
          for (const key of own) writing.delete(key);
          written.push(own);
          return {} as Committed;
        },
      });
      await Promise.all(wanted.map(each => queue.write(request(...each.map(set)))));
      const of = (key: string) => (each: string[]) => each.includes(key);
      for (const key of ['a', 'b', 'c', 'd']) expect(written.filter(of(key))).toEqual(wanted.filter(of(key)));
    }),
  );
});

test('who waited too long is refused, and does not take a turn', async () => {
  const { writer, names, begun } = createHeldWriter();
  const queue = queueWrites(writer, -1);
  void queue.write(request(set('a')));
  const late = queue.write(request(set('a')));
  begun[0]!.end();
  await expect(late).rejects.toMatchObject({ code: 'overloaded' });
  expect(names()).toEqual(['a']);
});
