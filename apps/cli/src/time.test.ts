import { expect, test } from 'vitest';
import { useCommandLine } from '../test/command-line.ts';

const { serve, finish } = useCommandLine();

test('a time is what it is wherever one is typed: with an offset, or of here', async () => {
  const { url, asked } = await serve(() => ({ body: { config_value: 1 } }));
  const ask = async (...args: string[]) => {
    await finish(['--authority', url, '-e', 'TEST', ...args]);
    const { url: path, body } = asked.at(-1)!;
    return { query: new URL(path, url).searchParams, body: body as Record<string, unknown> };
  };
  const here = new Date('2026-12-01T06:00').toISOString();
  expect((await ask('get', 'a', 'k', '--at', '2026-12-01T06:00')).query.get('at')).toBe(here);
  expect((await ask('get', 'a', '--at', '4711')).query.get('at')).toBe('4711');
  expect((await ask('rollback', 'a', '--to', '2026-12-01T06:00')).body.time).toBe(here);
  expect((await ask('rollback', 'a', '--to', '4711')).body.revision).toBe(4711);
  const diff = await ask('diff', 'a', 'k', '--from', 'v7', '--to', '2026-12-01T07:00+01:00');
  expect([diff.query.get('from'), diff.query.get('to')]).toEqual(['v7', '2026-12-01T06:00:00.000Z']);
  const day = new Date('2027-06-01T00:00').toISOString();
  expect(
    (await ask('token', 'create', 'ann', '--can', 'read', '--expires', '2027-06-01')).body.expires_at,
  ).toBe(day);
  expect((await ask('audit', 'log', '--from', '2027-06-01')).query.get('from')).toBe(day);
  const before = asked.length;
  for (const wrong of ['tomorrow', '2026-13-01', '12', '1 January 2027'])
    expect(await finish(['--authority', url, 'audit', 'log', '--from', wrong])).toMatchObject({ code: 2 });
  expect(asked).toHaveLength(before);
});
