/**
 * What a region's Redis does, by its rules: whatever feeders do, each revision once and none skipped. The
 * cases hold of a real one and of the one that the simulation keeps in memory.
 */
import type { RegionReader, RegionWriter } from '@quantivista/region';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';

export const FIRST = '11111111-1111-4111-8111-111111111111';
const SECOND = '22222222-2222-4222-8222-222222222222';
export const EMPTY = { generation: undefined, revision: undefined };

export const entry = (key: string, value: string, modRevision: number) => ({ key, value, modRevision });
export const step = (from: number, to: number, changes: Record<string, string | undefined>) => ({
  from,
  to,
  changes: Object.entries(changes).map(([key, value]) => ({ key, value })),
});
/** Mod revision and value of each key. */
export const contentsOf = async (reader: RegionReader, generation: string) =>
  Object.fromEntries((await reader.scan(generation)).map(each => [each.key, [each.modRevision, each.value]]));

/** What reads and writes one region. */
export interface RegionPair {
  readonly writer: RegionWriter;
  readonly reader: RegionReader;
}

/** Check them of `open`, which opens another, empty region each time; its reads wait for a short while. */
export function describeRegion(open: () => RegionPair): void {
  let writer: RegionWriter;
  let reader: RegionReader;
  beforeEach(() => {
    ({ writer, reader } = open());
  });
  afterEach(() => {
    writer.close();
    reader.close();
  });

  const contents = (generation: string) => contentsOf(reader, generation);

  describe('apply', () => {
    beforeEach(async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4), entry('b', 'x:y', 9)]);
    });

    test('takes what follows, refuses what it has and what leaves a gap', async () => {
      const results = await writer.apply(FIRST, [
        step(10, 12, { a: '2' }),
        step(10, 12, { a: 'twice' }),
        step(9, 11, { a: 'old' }),
        step(14, 15, { a: 'gap' }),
        step(12, 15, { b: undefined, c: '' }),
      ]);
      expect(results).toEqual(['applied', 'duplicate', 'duplicate', 'gap', 'applied']);
      expect(await contents(FIRST)).toEqual({ a: [12, '2'], c: [15, ''] });
      expect(await reader.state()).toEqual({ generation: FIRST, revision: 15 });
    });

    test('each entry is linked to the one before, and carries what it replaced', async () => {
      await writer.apply(FIRST, [step(10, 12, { a: '2', n: 'new' }), step(12, 15, { b: undefined })]);
      expect(await reader.tail(FIRST, 10)).toEqual([
        { kind: 'reset', revision: 10 },
        {
          kind: 'changes',
          revision: 12,
          prev: 10,
          changes: [
            { key: 'a', value: '2', previous: '1', previousRevision: 4 },
            { key: 'n', value: 'new', previous: undefined },
          ],
        },
        {
          kind: 'changes',
          revision: 15,
          prev: 12,
          changes: [{ key: 'b', value: undefined, previous: 'x:y', previousRevision: 9 }],
        },
      ]);
    });

    test('a feeder of another generation, late or early, changes nothing', async () => {
      expect(await writer.apply(SECOND, [step(10, 12, { a: 'other' })])).toEqual(['foreign']);
      expect(await contents(FIRST)).toEqual({ a: [4, '1'], b: [9, 'x:y'] });
    });

    test('1,900 changes fit into one revision', async () => {
      const changes = Object.fromEntries(
        Array.from({ length: 1_900 }, (_, index) => [`k${index}`, String(index)]),
      );
      expect(await writer.apply(FIRST, [step(10, 11, changes)])).toEqual(['applied']);
      expect(Object.keys(await contents(FIRST))).toHaveLength(1_902);
    });

    test('any number of feeders, each with its own part of the same history, end in its last state', async () => {
      const history = fc.array(
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.option(fc.string(), { nil: undefined }), {
          minKeys: 1,
          noNullPrototype: true,
        }),
        { minLength: 1, maxLength: 12 },
      );
      await fc.assert(
        fc.asyncProperty(history, fc.array(fc.nat(), { maxLength: 30 }), async (changes, order) => {
          const pair = open();
          await pair.writer.publish(EMPTY, FIRST, 100, [entry('_', '_', 1)]);
          const steps = changes.map((change, index) => step(100 + index, 101 + index, change));
          for (const pick of order) await pair.writer.apply(FIRST, [steps[pick % steps.length]!]);
          await pair.writer.apply(FIRST, steps);
          const expected = new Map<string, [number, string]>([['_', [1, '_']]]);
          changes.forEach((change, index) => {
            for (const [key, value] of Object.entries(change)) {
              if (value === undefined) expected.delete(key);
              else expected.set(key, [101 + index, value]);
            }
          });
          const found = await pair.reader.scan(FIRST);
          const stream = await pair.reader.tail(FIRST, 100);
          pair.writer.close();
          pair.reader.close();
          expect(new Map(found.map(each => [each.key, [each.modRevision, each.value]]))).toEqual(expected);
          expect(stream.map(each => each.revision)).toEqual([100, ...steps.map(each => each.to)]);
        }),
        { numRuns: 30 },
      );
    });
  });

  describe('publish', () => {
    test('two feeders that find the region empty: one wins', async () => {
      const results = await Promise.all([
        writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]),
        writer.publish(EMPTY, FIRST, 11, [entry('a', '1', 4)]),
      ]);
      expect(results.toSorted()).toEqual(['changed', 'published']);
    });

    test('a feeder that was paused before its publish does not bring an old state back', async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
      const seen = await reader.state();
      await writer.apply(FIRST, [step(10, 12, { a: '2' })]);
      expect(await writer.publish(seen, FIRST, 11, [entry('a', 'old', 4)])).toBe('changed');
      expect(await contents(FIRST)).toEqual({ a: [12, '2'] });
    });

    test('another generation takes the place of the first, whose keys go', async () => {
      await writer.publish(EMPTY, FIRST, 900, [entry('a', '1', 4)]);
      const seen = await reader.state();
      expect(await writer.publish(seen, SECOND, 3, [entry('b', '2', 3)])).toBe('published');
      expect(await reader.state()).toEqual({ generation: SECOND, revision: 3 });
      expect(await contents(SECOND)).toEqual({ b: [3, '2'] });
      expect(await contents(FIRST)).toEqual({});
      expect(await writer.apply(SECOND, [step(3, 4, { b: '3' })])).toEqual(['applied']);
    });

    test('after a compaction the state is replaced, and the stream says so', async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
      const seen = await reader.state();
      expect(await writer.publish(seen, FIRST, 50, [entry('a', '5', 44)])).toBe('published');
      expect((await reader.tail(FIRST, 10)).map(each => each.kind)).toEqual(['reset', 'reset']);
    });

    test('where the revision was lost and the pointer was not, the region is filled again', async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
      await writer.apply(FIRST, [step(10, 12, { a: '2' })]);
      expect(await writer.publish({ generation: FIRST, revision: undefined }, FIRST, 11, [])).toBe('changed');
    });
  });

  describe('repair', () => {
    const listed = (key: string, value?: string, modRevision = 0) => ({
      key,
      entry: value === undefined ? undefined : entry(key, value, modRevision),
    });
    beforeEach(async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4), entry('b', '2', 9)]);
    });

    test('makes values right, brings back what is missing, takes out what is too much', async () => {
      const wrong = [entry('a', 'wrong', 4), entry('extra', 'x', 5)];
      await writer.publish(await reader.state(), FIRST, 11, wrong);
      const keys = [listed('a', '1', 4), listed('b', '2', 9), listed('extra'), listed('absent')];
      expect(await writer.repair(FIRST, 11, keys)).toEqual(['a', 'b', 'extra']);
      expect(await contents(FIRST)).toEqual({ a: [4, '1'], b: [9, '2'] });
      expect(await writer.repair(FIRST, 11, keys)).toEqual([]);
    });

    test('leaves what has changed since the list, however it changed', async () => {
      await writer.apply(FIRST, [
        step(10, 12, { a: '2', n: 'new', gone: 'x' }),
        step(12, 13, { b: undefined, gone: undefined }),
      ]);
      const keys = [listed('a', '1', 4), listed('b', '2', 9), listed('n'), listed('gone', 'x', 3)];
      expect(await writer.repair(FIRST, 10, keys)).toEqual([]);
      expect(await contents(FIRST)).toEqual({ a: [12, '2'], n: [12, 'new'] });
    });

    test('is refused where the stream does not tell what has changed since', async () => {
      expect(await writer.repair(FIRST, 9, [listed('a')])).toBe('moved');
      expect(await writer.repair(FIRST, 11, [listed('a')])).toBe('moved');
      expect(await writer.repair(SECOND, 10, [listed('a')])).toBe('moved');
      expect(await contents(FIRST)).toEqual({ a: [4, '1'], b: [9, '2'] });
    });
  });

  describe('suspicion', () => {
    test('a mark is cleared by whoever saw it, and not where another was set meanwhile', async () => {
      expect(await writer.suspected(FIRST)).toBeUndefined();
      await reader.suspect(FIRST);
      const first = await writer.suspected(FIRST);
      await reader.suspect(FIRST);
      await writer.clear(FIRST, first!);
      const second = await reader.suspected(FIRST);
      expect(second).toBeDefined();
      expect(second).not.toBe(first);
      await writer.clear(FIRST, second!);
      expect(await reader.suspected(FIRST)).toBeUndefined();
    });

    test('one of several does a piece of work, until it releases it or its time is over', async () => {
      const claim = (by: RegionReader | RegionWriter) => by.claim('look', 60_000);
      expect((await Promise.all([claim(reader), claim(writer)])).toSorted()).toEqual([false, true]);
      expect(await writer.claim('other', 1)).toBe(true);
      await until(() => reader.claim('other', 60_000), { what: 'the claim to end' });
      await reader.release('look');
      expect(await claim(writer)).toBe(true);
    });
  });

  describe('reading', () => {
    test('keys and the revision at one moment', async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
      expect(await reader.keysAt(FIRST, ['a', 'b'])).toEqual({
        revision: 10,
        entries: [entry('a', '1', 4), undefined],
      });
      expect(await reader.keysAt(SECOND, ['a'])).toBeUndefined();
    });

    test('waits for news, and wakes at once', async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
      const waiting = reader.next(FIRST, 10);
      await writer.apply(FIRST, [step(10, 12, { a: '2' })]);
      expect((await waiting).map(each => each.revision)).toEqual([12]);
      expect(await reader.next(FIRST, 12)).toEqual([]);
    });

    test('every key, a page at a time, on either side', async () => {
      const entries = Array.from({ length: 3_000 }, (_, index) => entry(`k${index}`, String(index), 7));
      await writer.publish(EMPTY, FIRST, 10, entries);
      for (const side of [reader, writer]) {
        const found = new Map(
          (await Array.fromAsync(side.pages(FIRST))).flat().map(each => [each.key, each]),
        );
        expect(found).toEqual(new Map(entries.map(each => [each.key, each])));
      }
      expect((await Array.fromAsync(reader.pages(SECOND))).flat()).toEqual([]);
    });

    test("one key's value", async () => {
      await writer.publish(EMPTY, FIRST, 10, [entry('a', '1', 4)]);
      expect(await writer.value(FIRST, 'a')).toBe('1');
      expect(await writer.value(FIRST, 'b')).toBeUndefined();
      expect(await writer.value(SECOND, 'a')).toBeUndefined();
    });
  });
}
