/** `qvc flag` and `qvc segment` on a network: what a person reads, and documents of flagd's that come back equal. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { runQvc } from '../harness/qvc.ts';

const DOCUMENT = join(ROOT, '../shared/data/otel-demo.flagd.json');
let network: TestNetwork;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qvc-flags-'));
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'], reads: 'token' });
});
afterAll(async () => {
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
});

function finish(args: readonly string[]) {
  const base = ['--authority', network.authority.url, '--token', network.token];
  return runQvc([...base, '--node', network.serving[0]!.url, ...args], { folder });
}
/** Lines of a command that succeeds. */
async function qvc(...args: string[]): Promise<string[]> {
  const { code, out, err } = await finish(args);
  expect([code, err]).toEqual([0, []]);
  return out;
}
async function failing(...args: string[]): Promise<[code: number, message: string]> {
  const { code, err } = await finish(args);
  return [code, err.join('\n')];
}

test('a flag from its first day to its last', async () => {
  expect(await qvc('flag', 'list')).toEqual(['no flags']);
  const set = ['flag', 'set', 'checkout', '--wait', '20'];
  expect(await qvc(...set, '--services', 'shop, pricing', '--description', 'the new one')).toEqual([
    expect.stringMatching(/^checkout: off \(off\) \(version 1, revision \d+\)$/),
    expect.stringMatching(/^REGION/),
    expect.stringMatching(/^eu +applied/),
  ]);
  expect((await qvc(...set, '--enable', '--rollout', '12.5', '--conditions', '{"plan":"pro"}'))[0]).toMatch(
    /^checkout: on for 12.5 %/,
  );
  expect(await qvc('flag', 'list', 'shop')).toEqual([
    expect.stringMatching(/^FLAG +STATE +SERVICES +CONDITIONS +DESCRIPTION$/),
    expect.stringMatching(/^checkout +on for 12.5 % +shop, pricing +{"plan":"pro"} +the new one$/),
  ]);
  expect(await qvc('flag', 'get', 'checkout')).toContainEqual(expect.stringMatching(/^version +2$/));
  await qvc('flag', 'archive', 'checkout', '--wait', '20');
  expect(await qvc('flag', 'list', 'shop')).toEqual(['no flags']);
  expect((await qvc('flag', 'list', 'shop', '--archived'))[1]).toMatch(/^checkout +archived/);
  expect((await qvc('flag', 'archive', 'checkout', '--undo'))[0]).toMatch(/on for 12.5 % \(version 4/);
  await qvc('flag', 'delete', 'checkout', '--reason', 'done');
  expect((await qvc('flag', 'rollback', 'checkout', '1'))[0]).toMatch(/version 1 restored as 6/);
  const versions = await qvc('flag', 'versions', 'checkout', '--limit', '2');
  expect(versions.slice(1)).toEqual([
    expect.stringMatching(/^6 .* off \(off\) +rollback to version 1$/),
    expect.stringMatching(/^5 .* \(deleted\) +done$/),
    'older: --before 5',
  ]);
  await qvc('flag', 'delete', 'checkout');
  expect((await failing('flag', 'archive', 'checkout'))[0]).toBe(1);
  expect((await failing('flag', 'set', 'x', '--rollout', '101'))[0]).toBe(2);
  expect(await failing('flag', 'set', 'x', '--conditions', '{"a":{"over":1}}')).toEqual([
    2,
    expect.stringContaining('conditions.a.over'),
  ]);
});

test('segments are listed, used, and kept while they are used', async () => {
  await qvc('segment', 'set', 'staff', '{"group":"staff"}', '--description', 'us');
  await qvc('flag', 'set', 'inside', '--conditions', '{"$segment":"staff"}');
  expect((await qvc('segment', 'list'))[1]).toMatch(/^staff +{"group":"staff"} +us$/);
  expect(await failing('segment', 'delete', 'staff')).toEqual([1, expect.stringContaining('flag inside')]);
  await qvc('flag', 'delete', 'inside');
  await qvc('segment', 'delete', 'staff');
  expect(await qvc('segment', 'list')).toEqual(['no segments']);
});

/** As the real document, for a tree that has no copy of it beside it. */
const SMALL = {
  $schema: 'https://flagd.dev/schema/v0/flags.json',
  flags: {
    plain: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', description: 'x' },
    shares: { state: 'ENABLED', variants: { '10%': 0.1, off: 0 }, defaultVariant: '10%' },
  },
};

test('a document of flagd comes back equal, and is imported once', async () => {
  const file = join(folder, 'flags.json');
  const document = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : JSON.stringify(SMALL);
  writeFileSync(file, document);
  const count = Object.keys(JSON.parse(document).flags).length;
  const summary = (verb: string, written: number) =>
    `${written} ${verb} · ${count - written} unchanged · 0 left out`;
  expect((await qvc('flag', 'import', file, '--dry-run')).at(-1)).toBe(summary('would be written', count));
  expect(await qvc('flag', 'list')).toEqual(['no flags']);
  expect((await qvc('flag', 'import', file)).at(-1)).toBe(summary('written', count));
  expect(JSON.parse((await qvc('flag', 'export')).join('\n'))).toEqual(JSON.parse(document));
  expect((await qvc('flag', 'import', file)).at(-1)).toBe(summary('written', 0));
  const target = join(folder, 'exported.json');
  expect((await finish(['flag', 'export', target])).code).toBe(0);
  expect(JSON.parse(readFileSync(target, 'utf8'))).toEqual(JSON.parse(document));
});

test('both files that are exported say what a flag answers, and why', async () => {
  const set = ['flag', 'set', 'tested', '--enable', '--rollout', '50', '--conditions'];
  await qvc('segment', 'set', 'adults', '{"user.age":{"gte":18}}');
  await qvc(...set, '{"$segment":"adults","plan":"pro"}');
  await qvc('flag', 'set', 'tested', '--enable', '--wait', '20');
  const [ours, theirs] = [join(folder, 'ours.json'), join(folder, 'theirs.json')] as const;
  expect((await finish(['flag', 'export', ours, '--format', 'json'])).code).toBe(0);
  expect((await finish(['flag', 'export', theirs])).code).toBe(0);
  const attributes = ['--context', 'plan=pro', 'user.age=18', 'targetingKey="3"'];
  const testing = ['flag', 'test', 'tested', ...attributes];
  expect(await qvc(...testing, '--file', ours)).toEqual([
    expect.stringMatching(/^tested: (true|false) \((on|off), SPLIT\)$/),
    expect.stringMatching(/^AT +RESULT$/),
    expect.stringMatching(/^conditions\.\$segment\.adults +met$/),
    expect.stringMatching(/^conditions\.plan +met$/),
    expect.stringMatching(
      /^rollout_percentage +targetingKey "3" is in bucket \d+ of 100000: (in|out), below 50000 is in$/,
    ),
  ]);
  const answer = JSON.parse((await qvc(...testing, '--file', ours, '--json')).join('\n'));
  const other = JSON.parse((await qvc(...testing, '--file', theirs, '--json')).join('\n'));
  expect(answer).toEqual({ ...answer, flag_name: 'tested', steps: expect.any(Array) });
  expect([other.value, other.variant]).toEqual([answer.value, answer.variant]);

  expect(JSON.parse((await qvc(...testing, '--json')).join('\n'))).toEqual(answer);
  expect(await failing('flag', 'test', 'gone')).toEqual([1, expect.stringContaining('gone')]);

  const context = join(folder, 'context.json');
  writeFileSync(context, '{"plan":"free","user":{"age":17}}');
  const young = [...testing.slice(0, 3), '--context-json', context, '--file', ours];
  expect((await qvc(...young))[0]).toBe('tested: false (off, DEFAULT)');
  expect((await qvc(...young, '--context', 'user.age=18', 'plan=pro')).at(-1)).toMatch(/no targetingKey$/);
  expect(await failing('flag', 'test', 'gone', '--file', ours)).toEqual([1, 'error: there is no flag gone']);
  expect(await failing(...testing, '--file', context)).toEqual([2, expect.stringContaining('must be a map')]);
  expect((await failing(...young, '--context', 'plan'))[0]).toBe(2);
});

test('a document with what can not be said here changes nothing, unless the rest is asked for', async () => {
  const file = join(folder, 'partly.json');
  const strange = { ...SMALL.flags.plain, targeting: { if: [{ '+': [1, 2] }, 'on', 'off'] } };
  writeFileSync(file, JSON.stringify({ flags: { strange, fine: SMALL.flags.plain } }));
  const before = await qvc('flag', 'list');
  expect(await failing('flag', 'import', file)).toEqual([1, expect.stringContaining('strange: targeting')]);
  expect(await qvc('flag', 'list')).toEqual(before);
  expect((await finish(['flag', 'import', file, '--partial'])).code).toBe(0);
  expect(await qvc('flag', 'get', 'fine')).toContainEqual(expect.stringMatching(/^description +x$/));
  expect((await failing('flag', 'import', join(folder, 'nowhere')))[0]).toBe(2);
});

test('the projection is checked and rebuilt', async () => {
  await qvc('flag', 'set', 'altered');
  expect(await qvc('flag', 'projection', 'check')).toEqual([expect.stringMatching(/^\d+ flags · revision/)]);
  const table = new pg.Client({ connectionString: network.postgres.url });
  await table.connect();
  try {
    await table.query("UPDATE feature_flags SET description = 'by hand' WHERE flag_name = 'altered'");
  } finally {
    await table.end();
  }
  const { code, out } = await finish(['flag', 'projection', 'check']);
  expect([code, out[1]]).toEqual([1, expect.stringMatching(/^altered +different +description$/)]);
  await qvc('flag', 'projection', 'rebuild');
  await until(async () => (await finish(['flag', 'projection', 'check'])).code === 0, { what: 'the same' });
});
