import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { helpText, settingsSchema, settingText } from './describe-settings.ts';

const number = z.coerce.number().int();

describe('a setting in words', () => {
  test('is required where nothing is no value', () => {
    expect(settingText('URL', z.url().describe('Where it is.'))).toEqual({
      name: 'URL',
      required: true,
      default: undefined,
      description: 'Where it is.',
    });
    expect(settingText('A', z.string().optional()).required).toBe(false);
    expect(settingText('A_MS', number.default(1)).required).toBe(false);
  });

  test.each([
    ['A_MS', number.default(15_000), '15000 (15 s)'],
    ['A_MS', number.default(1_800_000), '1800000 (30 min)'],
    ['A_MS', number.default(259_200_000), '259200000 (3 d)'],
    ['A_MS', number.default(500), '500'],
    ['A_BYTES', number.default(262_144), '262144 (256 KiB)'],
    ['PORT', number.default(8_080), '8080'],
    ['A', z.string().optional(), undefined],
    ['A', z.string().default('').transform(Number), undefined],
    ['ROLES', z.string().default('feed').transform(Array), 'feed'],
    ['LIST', z.array(z.string()).default([]), undefined],
  ])('%s has its default as it is set', (name, schema, shown) => {
    expect(settingText(name, schema.describe('x')).default).toBe(shown);
  });

  test('names the values that it takes', () => {
    const on = z.enum(['on', 'off']).default('on').describe('Whether.');
    expect(settingText('A', on).description).toBe('Whether. One of: on, off.');
    expect(settingText('A', number.min(10).default(20).describe('How many.')).description).toBe(
      'How many. At least 10.',
    );
    expect(settingText('A', number.min(0).max(9).optional().describe('How many.')).description).toBe(
      'How many. 0 to 9.',
    );
  });
});

test('help shows every setting under its title, within the width of a terminal', () => {
  const groups = {
    Server: { PORT: number.default(80).describe('Port.') },
    Stores: { URL: z.url().describe(`Where it is: ${'word '.repeat(60).trim()}.`) },
  };
  const text = helpText('A server.', groups);
  expect(text).toMatch(/^A server\.\n/);
  expect(text).toContain(
    'Server\n\n  PORT = 80\n      Port.\n\nStores\n\n  URL (required)\n      Where it is: word',
  );
  expect(text.split('\n').filter(line => line.length > 100)).toEqual([]);
  expect(text.endsWith('word.\n')).toBe(true);
});

test('the groups are one schema', () => {
  const schema = settingsSchema({ One: { A: z.string() }, Two: { B: z.string().default('b') } });
  const { A, B } = schema.parse({ A: 'a' });
  expect([A, B]).toEqual(['a', 'b']);
});
