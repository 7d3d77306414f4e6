import { FLAGS_PREFIX, SEGMENTS_PREFIX } from '@quantivista/contracts';
import { evaluate } from '@quantivista/flags';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createHistory } from '../../follow/history.ts';
import { createReplica } from '../../follow/replica.ts';
import { createHeldFlags } from './held-flags.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const flag = (name: string, more: object = {}) => ({
  key: FLAGS_PREFIX + name,
  value: JSON.stringify({ flag_name: name, enabled: true, rollout_percentage: 100, ...more }),
  modRevision: 1,
});

function start(
  entries = [flag('b'), flag('a', { target_services: ['shop'] }), flag('old', { archived: true })],
) {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const flags = createHeldFlags(replica);
  const load = (revision: number) =>
    replica.replace({
      snapshot: buildSnapshot(GENERATION, revision, entries),
      history: createHistory(revision, { length: 10 }),
    });
  const apply = (revision: number, key: string, value: string | undefined) =>
    replica.apply({ revision, changes: [{ key, value, before: undefined, modBefore: 0 } as never] });
  return { flags, load, apply };
}
const names = (body: string) => JSON.parse(body).map((each: { flag_name: string }) => each.flag_name);

test('nothing is held before a state is', () => {
  const { flags, load } = start();
  expect(flags.current).toBeUndefined();
  load(5);
  expect(flags.current?.revision).toBe(5);
});

test("a service's flags come by name, archived ones if asked for", () => {
  const { flags, load } = start();
  load(5);
  const list = (service: string, archived = false) => flags.current!.listFor(service, archived);
  expect(names(list('shop').body)).toEqual(['a', 'b']);
  expect(names(list('pricing').body)).toEqual(['b']);
  expect(names(list('pricing', true).body)).toEqual(['b', 'old']);
  expect(list('shop').tag).not.toBe(list('pricing').tag);
  expect(list('pricing')).toBe(list('pricing'));
  expect(list('pricing').tag).toBe(list('billing').tag);
});

test('the set is made anew only where a flag or segment changed, and of what changed', () => {
  const { flags, load, apply } = start();
  load(5);
  const before = flags.current!;
  apply(6, '/quantivista/test/shop/colour', '{"config_value":1}');
  expect(flags.current).toBe(before);
  apply(7, `${SEGMENTS_PREFIX}s`, '{"segment_name":"s","conditions":{"x":1}}');
  apply(8, `${FLAGS_PREFIX}a`, undefined);
  const after = flags.current!;
  expect(after.revision).toBe(8);
  expect(after.set.flags.get('b')).toBe(before.set.flags.get('b'));
  expect(names(after.listFor('shop', false).body)).toEqual(['b']);
  expect(after.listFor('shop', false).tag).not.toBe(before.listFor('shop', false).tag);
  expect(evaluate(after.set, 'b', {}).value).toBe(true);
});

test('what is no flag is left out', () => {
  const { flags, load } = start([flag('a'), { key: `${FLAGS_PREFIX}b`, value: '{', modRevision: 1 }]);
  load(1);
  expect(names(flags.current!.listFor('shop', true).body)).toEqual(['a']);
  expect([...flags.current!.set.unreadable.keys()]).toEqual(['b']);
});
