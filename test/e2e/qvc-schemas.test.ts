/** Schemas, documents and promotions on the command line, against a real authority. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { runQvc } from '../harness/qvc.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], nodeRoles: ['feed,serve'] });
});
afterAll(() => network.stop());

async function qvc(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const base = ['--authority', network.authority.url, '--token', network.token, '-e', 'TEST'];
  const { code, out, err } = await runQvc([...base, ...args], { folder: network.dir });
  return { code, out: `${out.join('\n')}\n`, err: err.join('\n') };
}
const file = (name: string, text: string) => {
  const path = join(network.dir, name);
  writeFileSync(path, text);
  return path;
};

test('qvc schema', async () => {
  const schema = file('port.yaml', 'type: integer\nmaximum: 65535\n');
  expect((await qvc('set', 'shop', 'port_web', 'eighty')).code).toBe(0);
  const refused = await qvc('schema', 'put', 'shop', 'port_*', schema);
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringContaining('TEST shop/port_web must be integer'),
  ]);
  const forced = await qvc('schema', 'put', 'shop', 'port_*', schema, '--force', '--reason', 'ports');
  expect([forced.code, forced.out]).toEqual([0, expect.stringContaining('breaks it: TEST shop/port_web')]);
  expect((await qvc('set', 'shop', 'port_web', '70000')).code).toBe(1);

  const list = await qvc('schema', 'list', 'shop');
  expect(list.out).toMatch(/PATTERN +VERSION.*\nport_\* +1 .* yes +\{"type":"integer","maximum":65535\}/);
  expect(JSON.parse((await qvc('schema', 'get', 'shop', 'port_*')).out)).toEqual({
    type: 'integer',
    maximum: 65535,
  });
  expect((await qvc('schema', 'versions', 'shop', 'port_*')).out).toContain('ports');
  expect(await qvc('schema', 'validate', 'shop', 'port_web', '80')).toMatchObject({
    code: 0,
    out: 'valid (by port_*)\n',
  });
  const tried = await qvc('schema', 'validate', 'shop', 'port_web', '70000');
  expect([tried.code, tried.out]).toEqual([1, 'shop/port_web must be <= 65535 (maximum, schema port_*)\n']);
  expect((await qvc('schema', 'validate', 'shop', 'x', 'text', '--schema', schema)).code).toBe(1);
  expect((await qvc('schema', 'delete', 'shop', 'port_*')).code).toBe(0);
  expect((await qvc('schema', 'list', 'shop')).out).toBe('no schemas\n');
  expect((await qvc('schema', 'put', 'shop', 'a', 'nowhere.json')).code).toBe(2);
  expect((await qvc('schema', 'put', 'shop', 'a*b', schema)).code).toBe(2);
});

test('qvc export gives what qvc import takes', async () => {
  await qvc('set', 'source', 'rate', '0.5');
  await qvc('set', 'source', 'name', 'a "b" $c');
  const exported = await qvc('export', 'source', '--format', 'yaml');
  expect((await qvc('import', file('out.yaml', exported.out), '--service', 'copy')).out).toContain('2 added');
  expect(JSON.parse((await qvc('export', 'copy')).out)).toEqual({ rate: 0.5, name: 'a "b" $c' });
  const all = JSON.parse((await qvc('export')).out);
  expect([all.source, all.copy]).toEqual([all.copy, all.source]);
  expect((await qvc('export', '--format', 'env')).code).toBe(2);
});

test('qvc promote', async () => {
  await qvc('set', 'moved', 'a', '1');
  await qvc('set', 'moved', 'b', '2');
  await qvc('set', 'moved', 'old', '3', '-e', 'STAGING');
  const dry = await qvc('promote', 'moved', '--to', 'staging', '--remove', '--dry-run');
  expect(dry.out).toContain(
    '  + a = 1\n  + b = 2\n  - old (was 3)\n2 added, 0 changed, 1 removed, 0 unchanged',
  );
  const [, revision] = /--expect (\d+)/.exec(dry.out)!;
  await qvc('set', 'moved', 'a', '5');
  expect((await qvc('promote', 'moved', '--to', 'staging', '--expect', revision!)).code).toBe(1);
  const done = JSON.parse((await qvc('promote', 'moved', 'a', '--to', 'staging', '--json')).out);
  expect(done.entries).toMatchObject([{ config_key: 'a', environment: 'STAGING', new_value: 5 }]);
  expect(JSON.parse((await qvc('export', 'moved', '-e', 'STAGING')).out)).toEqual({ a: 5, old: 3 });
});
