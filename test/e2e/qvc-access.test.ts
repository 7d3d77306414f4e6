/** `qvc access` and scoped tokens: what a person reads, and the same as JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { type Authorities, startAuthorities } from '../harness/authorities.ts';
import { runQvc } from '../harness/qvc.ts';

let authorities: Authorities;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qvc-access-'));
  authorities = await startAuthorities();
});
afterAll(async () => {
  await authorities?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const finish = (args: readonly string[], token = authorities.token) =>
  runQvc(['--authority', authorities.first.url, '--token', token, '-e', 'production', ...args], { folder });
/** Lines of a command that succeeds. */
async function qvc(...args: string[]): Promise<string[]> {
  const { code, out, err } = await finish(args);
  expect([code, err]).toEqual([0, []]);
  return out;
}

test('roles and bindings from their making to their end', async () => {
  expect((await qvc('access', 'role', 'list')).find(line => line.startsWith('auditor'))).toMatch(
    /built in +read audit everywhere/,
  );
  const put = [
    'access',
    'role',
    'put',
    'risk-dev',
    '--can',
    'read,write',
    '--in',
    'test',
    '--services',
    'risk*',
  ];
  expect(await qvc(...put)).toEqual(['risk-dev (version 1): read write TEST, risk*']);
  const bound = await qvc(
    'access',
    'binding',
    'put',
    'desk',
    '--roles',
    'risk-dev',
    '--people',
    'ann',
    '--groups',
    'desk',
  );
  expect(bound).toEqual(['desk (version 1): risk-dev to person ann, group desk']);
  expect((await qvc('access', 'binding', 'list'))[1]).toMatch(
    /^desk +risk-dev +person ann, group desk +everywhere$/,
  );

  const check = ['access', 'check', 'write', '--service', 'risk', '--key', 'limit', '--person', 'ann'];
  expect((await qvc(...check, '--in', 'TEST'))[0]).toBe('yes the roles risk-dev: write on TEST/risk/limit');
  expect((await qvc(...check, '--in', 'PRODUCTION'))[0]).toBe('no no grant of write covers it');

  const [token] = await qvc('token', 'create', 'ann', '--can', 'audit', '--services', 'orders');
  const ann = await finish(['access', 'whoami'], token);
  expect(ann.out).toEqual([
    'ann, a token',
    'with the roles risk-dev',
    '  audit orders',
    '  read write TEST, risk*',
  ]);
  const denied = await finish(['access', 'role', 'list'], token);
  expect(denied.code).not.toBe(0);
  expect(denied.err.join()).toContain('it takes the permission admin');
  await until(
    async () => (await qvc('access', 'denials', '--caller', 'ann')).some(line => /1 +ann +admin/.test(line)),
    { what: 'the denial on record' },
  );

  const inUse = await finish(['access', 'role', 'delete', 'risk-dev']);
  expect(inUse.err.join()).toContain('bindings refer to it: desk');
  await qvc('access', 'binding', 'delete', 'desk');
  await qvc('access', 'role', 'delete', 'risk-dev');
  const listed = JSON.parse((await qvc('--json', 'access', 'role', 'list')).join('\n'));
  expect(listed.roles.map(({ name }: { name: string }) => name)).not.toContain('risk-dev');
});

test('what is wrong is said', async () => {
  const wrong = async (...args: string[]) => (await finish(args)).err.join();
  expect(await wrong('access', 'role', 'put', 'x')).toContain('--can');
  expect(await wrong('access', 'role', 'put', 'x', '--can', 'fly')).toContain("no permission 'fly'");
  expect(await wrong('access', 'role', 'put', 'x', '--can', 'read', '--in', 'moon')).toContain('MOON');
  expect(await wrong('access', 'role', 'put', 'reader', '--can', 'admin')).toContain('built in');
  expect(await wrong('access', 'binding', 'put', 'x', '--roles', 'none', '--people', 'a')).toContain(
    'no such role',
  );
  const file = join(folder, 'grants.json');
  writeFileSync(file, '[{"actions":["read"],"services":["a/b"]}]');
  expect(await wrong('access', 'role', 'put', 'x', '--file', file)).toContain('holds no list of grants');
  const admin = (await qvc('token', 'list')).find(line => line.includes(' admin '))!.split(' ')[0]!;
  expect(await wrong('token', 'revoke', admin)).toContain('the last token that may administer');
});
