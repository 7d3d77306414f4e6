/** `qvc` about approvals: two persons at their terminals, from the token to the change. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authorities, startAuthorities } from '../harness/authorities.ts';
import { runQvc } from '../harness/qvc.ts';

let network: Authorities;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qvc-approvals-'));
  network = await startAuthorities();
});
afterAll(async () => {
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A terminal of one who has the token: answers the lines of what succeeds, or the line of the failure. */
const terminalOf =
  (token: string) =>
  async (...args: string[]): Promise<string[]> => {
    const base = ['--authority', network.first.url, '--token', token, '-e', 'production'];
    const { code, out, err } = await runQvc([...base, ...args], { folder });
    return code === 0 ? out : err;
  };

test('tokens are made, protection is set, a change is proposed, approved and applied', async () => {
  const admin = terminalOf(network.token);
  const made = async (name: string, can: string) => (await admin('token', 'create', name, '--can', can))[0]!;
  const ann = terminalOf(await made('ann', 'read,write,break-glass'));
  const bob = terminalOf(await made('bob', 'read,approve'));
  expect(await admin('token', 'create', 'x', '--can', 'everything')).toEqual([
    expect.stringContaining("no permission 'everything'"),
  ]);
  expect((await admin('token', 'list')).map(line => line.split(/ +/)[1])).toEqual([
    'NAME',
    'admin',
    'ann',
    'bob',
  ]);
  expect(await ann('protect', '--approvals', '1')).toEqual([expect.stringContaining('the permission admin')]);
  expect(await admin('protect')).toEqual(['no environment is protected']);
  expect((await admin('protect', '--approvals', '1', '--approvers', 'bob'))[1]).toMatch(
    /^PRODUCTION +1 +bob +no +allowed +no$/,
  );

  const proposed = await ann('set', 'risk', 'limit', '5', '--reason', 'more');
  expect(proposed).toContain('  PRODUCTION risk/limit');
  expect(proposed).toContain('  PRODUCTION needs 1 of bob; 0 given');
  const id = proposed[0]!.split(' ').at(-1)!;
  expect((await bob('proposal', 'list', '--state', 'open'))[1]).toContain(id);
  expect(await ann('proposal', 'apply', id)).toEqual([expect.stringContaining('approvals are missing')]);
  const digest = (await bob('proposal', 'show', id)).at(-1)!.split(' ').at(-1)!;
  expect(await ann('proposal', 'approve', id, digest)).toEqual([
    expect.stringContaining('permission approve'),
  ]);
  expect(await bob('proposal', 'approve', id, digest)).toEqual([`proposal ${id} is approved`]);
  expect(await ann('proposal', 'comment', id, 'thanks')).toEqual([`proposal ${id} is approved`]);
  expect(await ann('proposal', 'apply', id)).toEqual([`proposal ${id} is applied`]);
  expect((await ann('get', 'risk'))[1]).toMatch(/^limit +5$/);

  expect((await ann('set', 'risk', 'limit', '6', '--break-glass', '--reason', 'fire'))[0]).toContain(
    'limit = 6',
  );
  expect((await bob('proposal', 'list', '--broken-glass'))[1]).toContain('broken glass');
  const later = await ann('set', 'risk', 'limit', '7', '--at', '2100-01-01T00:00:00Z');
  const scheduled = later[0]!.split(' ').at(-1)!;
  expect(later).toContain('  to be applied at 2100-01-01T00:00:00.000Z');
  expect(await ann('proposal', 'withdraw', scheduled)).toEqual([`proposal ${scheduled} is withdrawn`]);

  const service = ['token', 'create', 'engine', '--can', 'read', '--service'];
  expect(await admin(...service, 'Not A Service')).toEqual([expect.stringContaining('body.service')]);
  await admin(...service, 'risk_engine');

  const tokens = await admin('token', 'list');
  expect(tokens.find(line => line.includes(' engine '))).toMatch(/ engine +risk_engine +2/);
  const of = tokens.find(line => line.includes(' bob '))!.split(' ')[0]!;
  expect(await admin('token', 'revoke', of)).toEqual([`${of} is revoked`]);
});
