import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEntry, decodeField, encodeField, encodeValue } from './entry.ts';

const value = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });

test('a stream entry comes back as it was put', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.array(
        fc.record({
          key: fc.string(),
          value,
          previous: value,
          previousRevision: fc.option(fc.nat(), { nil: undefined }),
        }),
      ),
      (revision, prev, changes) => {
        const fields = changes.flatMap(change => [
          change.key,
          encodeValue(change.value),
          `<${change.previousRevision ?? ''}`,
          encodeValue(change.previous),
        ]);
        expect(decodeEntry([`${revision}-0`, ['prev', String(prev), ...fields]])).toEqual({
          kind: 'changes',
          revision,
          prev,
          changes,
        });
      },
    ),
  );
});

test('a reset is told from changes', () => {
  expect(decodeEntry(['17-0', ['reset', '1']])).toEqual({ kind: 'reset', revision: 17 });
  expect(decodeEntry(['17-0', ['whatever', '1']])).toEqual({ kind: 'reset', revision: 17 });
});

test('a snapshot field comes back as it was put, colons and all', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary' }), fc.nat(), (key, text, modRevision) => {
      const entry = { key, value: text, modRevision };
      expect(decodeField(key, encodeField(entry))).toEqual(entry);
    }),
  );
});
