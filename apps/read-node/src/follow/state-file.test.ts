import { configurationKey, ENVIRONMENTS, HEARTBEAT_KEY } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeState, encodeState } from './state-file.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const key = fc
  .constantFrom('a', 'b', 'c', 'd')
  .map(name => configurationKey({ environment: 'TEST', service: 'risk', key: name }));
const entries = fc.uniqueArray(
  fc.record({
    key: fc.oneof(key, fc.constant(HEARTBEAT_KEY)),
    value: fc.string({ unit: 'grapheme' }),
    modRevision: fc.nat(),
  }),
  { selector: entry => entry.key },
);
const encode = (state: ReturnType<typeof buildSnapshot>) => [...encodeState(state, ENVIRONMENTS)].join('');

describe('a state in a file', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (all, revision) => {
        const state = buildSnapshot(GENERATION, revision, all);
        const back = decodeState(encode(state), ENVIRONMENTS);
        expect([...back.entries()]).toEqual([...state.entries()]);
        expect([back.generation, back.revision, back.digest()]).toEqual([
          GENERATION,
          revision,
          state.digest(),
        ]);
      }),
    );
  });

  test('is refused where it was cut off or altered anywhere', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.boolean(), (all, position, cut) => {
        const text = encode(buildSnapshot(GENERATION, 7, all));
        const at = position % text.length;
        // Without its last line break it is whole still.
        fc.pre(at < text.length - 1);
        const other = text[at] === 'x' ? 'y' : 'x';
        const spoilt = cut ? text.slice(0, at) : text.slice(0, at) + other + text.slice(at + 1);
        expect(() => decodeState(spoilt, ENVIRONMENTS)).toThrow(/^its|^it has/);
      }),
      { numRuns: 500 },
    );
  });

  test('of other environments is refused', () => {
    const text = [...encodeState(buildSnapshot(GENERATION, 7, []), ENVIRONMENTS)].join('');
    expect(() => decodeState(text, ['TEST'])).toThrow(/^its environments/);
  });

  test('is as of the moment when it was taken, whatever is applied while it is written', () => {
    const path = configurationKey({ environment: 'TEST', service: 'risk', key: 'a' });
    const state = buildSnapshot(GENERATION, 7, [{ key: path, value: '1', modRevision: 3 }]);
    const chunks = encodeState(state, ENVIRONMENTS);
    state.apply(8, [{ key: path, value: '2' }]);
    expect(decodeState([...chunks].join(''), ENVIRONMENTS).stored(path)).toEqual({
      key: path,
      value: '1',
      modRevision: 3,
    });
  });
});
