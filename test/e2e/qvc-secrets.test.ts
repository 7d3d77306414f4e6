/** Secrets on the command line, against a real network: no value is ever an argument. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Configuration } from '@quantivista/contracts';
import { rotateKeyring } from '@quantivista/vault';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, runtimes } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'] });
});
afterAll(() => network.stop());

function qvc(
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise(resolve => {
    const env = {
      ...process.env,
      QVC_AUTHORITY: network.authority.url,
      QVC_NODE: network.serving[0]!.url,
      QVC_TOKEN: network.token,
      QVC_ENVIRONMENT: 'TEST',
      NO_COLOR: '1',
    };
    const child = spawn(runtimes.node(), [join(ROOT, 'apps/cli/src/main.ts'), ...args], { env });
    const said = { out: '', err: '' };
    child.stdout.on('data', chunk => {
      said.out += chunk;
    });
    child.stderr.on('data', chunk => {
      said.err += chunk;
    });
    child.on('close', code => resolve({ code, ...said }));
    child.stdin.end(input);
  });
}
const atNode = async (key: string) =>
  (await network.api(network.serving[0]!).get('shop', key, { environment: 'TEST' })).body.config_value;
const becomes = (key: string, value: string) =>
  until(async () => (await atNode(key)) === value, { what: `${key} to be at the node` });

test('a secret is set, shown on request alone, rotated, and encrypted anew', async () => {
  const set = await qvc(['secret', 'set', 'shop', 'password', '--reason', 'first'], 'hunter-2\n');
  expect(set).toMatchObject({ code: 0, err: '' });
  expect(set.out).toContain('version 1');
  await becomes('password', 'hunter-2');

  for (const args of [['shop'], ['shop', 'password']]) {
    const hidden = await qvc(['get', ...args]);
    expect(hidden.code).toBe(0);
    expect(hidden.out).toContain('confidential');
    expect(hidden.out).not.toContain('hunter');
    expect((await qvc(['get', ...args, '--show-secrets'])).out).toContain('hunter-2');
  }

  expect(await qvc(['secret', 'rotate', 'shop', 'password'], 'hunter-3')).toMatchObject({ code: 0, err: '' });
  await becomes('password', 'hunter-3');
  expect((await qvc(['secret', 'get', 'shop', 'password', '--version', '1'])).out).toBe('hunter-2\n');
  const generated = await qvc(['secret', 'set', 'shop', 'token', '--generate', '32']);
  expect(generated.code).toBe(0);
  await until(async () => /^[\w-]{43}$/.test(String(await atNode('token'))), { what: 'the token' });
  expect((await qvc(['secret', 'get', 'shop', 'password'])).out).toBe('hunter-3\n');

  await qvc(['set', 'shop', 'limit', '5']);
  const wrong = await qvc(['secret', 'rotate', 'shop', 'limit'], 'x');
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('no SECRET') });
  expect((await qvc(['secret', 'set', 'shop', 'empty'])).code).not.toBe(0);

  await rotateKeyring(join(network.dir, 'keyring.json'));
  expect((await qvc(['secret', 'rewrap', 'shop'])).out).toBe('2 encrypted anew, 0 left as they are\n');
  expect((await qvc(['secret', 'rewrap', 'shop'])).out).toBe('0 encrypted anew, 2 left as they are\n');
  expect(
    (await network.api(network.authority).get('shop', 'password', { environment: 'TEST' })).body,
  ).toMatchObject<Partial<Configuration>>({ config_value: 'hunter-3', version: 3, config_type: 'SECRET' });
  await becomes('password', 'hunter-3');
});

test('what can not be destroyed is refused, and nothing is put on record', async () => {
  await qvc(['secret', 'set', 'shop', 'key'], 'one');
  await qvc(['secret', 'rotate', 'shop', 'key'], 'two');
  const asked = await qvc(['secret', 'destroy', 'shop', 'key', '1']);
  expect(asked.err).toContain('--yes');
  const refused = await qvc(['secret', 'destroy', 'shop', 'key', '1', '--yes']);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('can be destroyed') });
  const trail = await network
    .api(network.authority)
    .request('GET', '/api/v1/audit?kind=secret&outcome=committed');
  expect(trail.body).toMatchObject({ entries: [] });
});
