/** `qvc webhook` and `qvc events`: what a person reads, and the same as JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { runQvc } from '../harness/qvc.ts';
import { createReceiver, type Receiver } from '../harness/webhook-receiver.ts';

let network: TestNetwork;
let receiver: Receiver;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qvc-events-'));
  receiver = await createReceiver();
  network = await startTestNetwork({
    regionNames: [],
    reads: 'token',
    authorityEnv: { WEBHOOK_ALLOW: '127.0.0.1' },
  });
});
afterAll(async () => {
  await network.stop();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

function finish(args: readonly string[], signal?: AbortSignal, out?: string[]) {
  const base = ['--authority', network.authority.url, '--token', network.token, '-e', 'production'];
  return runQvc([...base, ...args], { folder, ...(signal && { signal }), ...(out && { out }) });
}
/** Lines of a command that succeeds. */
async function qvc(...args: string[]): Promise<string[]> {
  const { code, out, err } = await finish(args);
  expect([code, err]).toEqual([0, []]);
  return out;
}
const json = async (...args: string[]) => JSON.parse((await qvc('--json', ...args)).join('\n'));

test('a webhook from its making to its end', async () => {
  expect(await qvc('webhook', 'list')).toEqual(['no webhooks']);
  const [line, secret] = await qvc(
    ...['webhook', 'put', 'archive', '--url', receiver.url],
    ...['--services', 'risk', '--types', 'configuration_updated'],
  );
  expect(line).toMatch(/^archive → http:.*\(version 1, enabled\)$/);
  receiver.secrets = [/whsec_\S+/.exec(secret!)![0]];
  expect((await qvc('webhook', 'list'))[1]).toMatch(
    /^archive +http\S+ +enabled +configuration_updated +all +risk$/,
  );
  expect((await qvc('webhook', 'test', 'archive'))[0]).toMatch(/^archive answered 204 after \d+ ms$/);
  await qvc('set', 'risk', 'limit', '5');
  await qvc('set', 'other', 'limit', '5');
  await until(() => receiver.messages.length === 2, { what: 'the ping and the event' });
  await until(async () => (await json('webhook', 'status', 'archive')).lag === 0, { what: 'no lag' });
  expect((await qvc('webhook', 'status', 'archive'))[0]).toMatch(/^archive delivering: cursor \d+, 0 behind/);
  expect(await qvc('webhook', 'dead-letters', 'archive')).toEqual(['no dead letters']);
  expect((await qvc('webhook', 'replay', 'archive', '--from', '1'))[0]).toMatch(
    /^\d+ events are delivered again$/,
  );
  await until(() => receiver.messages.length === 3, { what: 'the event again' });
  expect(receiver.messages[2]!.id).toBe(receiver.messages[1]!.id);
  expect(receiver.forged).toBe(0);
  expect(await qvc('webhook', 'delete', 'archive')).toEqual(['archive deleted']);
  expect((await finish(['webhook', 'status', 'archive'])).code).toBe(1);
});

test('a command line that is wrong changes nothing', async () => {
  expect((await finish(['webhook', 'put', 'x'])).code).toBe(2);
  expect((await finish(['webhook', 'put', 'x', '--url', receiver.url, '--types', 'nonsense'])).code).toBe(2);
  expect((await finish(['webhook', 'replay', 'x'])).code).toBe(2);
  const refused = await finish(['webhook', 'put', 'x', '--url', 'http://10.0.0.1/']);
  expect([refused.code, refused.err[0]]).toEqual([1, expect.stringContaining('body.url')]);
  expect(await qvc('webhook', 'list')).toEqual(['no webhooks']);
});

test('events, and those that come', async () => {
  await qvc('set', 'listed', 'limit', '"a"');
  const mine = await until(async () => (await qvc('events')).find(line => line.includes('/listed/')), {
    what: 'the event',
  });
  expect(mine).toMatch(/^\d+ {2}\S+Z {2}configuration_updated {2}PRODUCTION\/listed\/limit {2}admin {2}"a"$/);
  const ending = new AbortController();
  const out: string[] = [];
  const following = finish(['events', '--follow', '--after', '0'], ending.signal, out);
  await until(() => out.includes(mine), { what: 'what was there' });
  await qvc('delete', 'listed', 'limit');
  await until(() => out.some(line => /PRODUCTION\/listed\/limit {2}admin {2}null$/.test(line)), {
    what: 'the deletion',
  });
  ending.abort();
  expect((await following).code).toBe(0);
});
