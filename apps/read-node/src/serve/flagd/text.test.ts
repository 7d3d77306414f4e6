import { FLAGS_PREFIX, SEGMENTS_PREFIX } from '@quantivista/contracts';
import { createFlagReader } from '@quantivista/flags';
import { expect, test } from 'vitest';
import { createFlagdTexts } from './text.ts';

const flag = (name: string, modRevision: number, more: object = {}) => ({
  key: FLAGS_PREFIX + name,
  value: JSON.stringify({ flag_name: name, enabled: true, rollout_percentage: 100, ...more }),
  modRevision,
});
const SEGMENT = {
  key: `${SEGMENTS_PREFIX}staff`,
  value: '{"segment_name":"staff","conditions":{"group":"staff"}}',
  modRevision: 4,
};

function texts(flags: ReturnType<typeof flag>[]) {
  const named = (entries: readonly { key: string; value: string }[], prefix: string) =>
    entries.map(({ key, value }): [string, string] => [key.slice(prefix.length), value]);
  const set = createFlagReader().read(named(flags, FLAGS_PREFIX), named([SEGMENT], SEGMENTS_PREFIX));
  return createFlagdTexts(set, [...flags, SEGMENT], 2);
}
const FLAGS = [flag('all', 3), flag('shop', 5, { target_services: ['shop'] })];

test('holds all flags, or those for a service without the question for it', () => {
  const textFor = texts(FLAGS);
  const all = JSON.parse(textFor(undefined).body);
  expect(Object.keys(all.flags)).toEqual(['all', 'shop']);
  expect(all.metadata).toEqual({ flagSetId: 'quantivista', version: '5' });
  expect(JSON.stringify(all.flags.shop.targeting)).toContain('"service"');
  const shop = JSON.parse(textFor('shop').body);
  expect(Object.keys(shop.flags)).toEqual(['all', 'shop']);
  expect(JSON.stringify(shop)).not.toContain('"service"');
  const pricing = JSON.parse(textFor('pricing').body);
  expect(Object.keys(pricing.flags)).toEqual(['all']);
  expect(pricing.metadata).toEqual({ flagSetId: 'pricing', version: '4' });
});

test('is made once while it is remembered, and its tag is that of its contents', () => {
  const textFor = texts(FLAGS);
  const first = textFor('shop');
  expect(textFor('shop')).toBe(first);
  expect(texts(FLAGS)('shop').tag).toBe(first.tag);
  expect(texts([flag('all', 6), FLAGS[1]!])('shop').tag).not.toBe(first.tag);
  textFor('a');
  textFor('b');
  expect(textFor('shop')).not.toBe(first);
  expect(textFor('shop').tag).toBe(first.tag);
});
