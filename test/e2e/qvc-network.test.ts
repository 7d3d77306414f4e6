/** `qvc` about the network, and waiting for it: what a person reads, and the same as JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { runQvc } from '../harness/qvc.ts';
import { startWatcher } from '../harness/watcher.ts';

let network: TestNetwork;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qvc-network-'));
  network = await startTestNetwork({ reads: 'token' });
  const fresh = async () => (await qvc('nodes')).filter(line => line.includes('FRESH')).length;
  await until(async () => (await fresh()) === 4, { what: 'four nodes to be known as fresh' });
});
afterAll(async () => {
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
});

const finish = (args: readonly string[]) =>
  runQvc(['--authority', network.authority.url, '--token', network.token, '-e', 'production', ...args], {
    folder,
  });
/** Lines of a command that succeeds. */
async function qvc(...args: string[]): Promise<string[]> {
  const { code, out, err } = await finish(args);
  expect([code, err]).toEqual([0, []]);
  return out;
}
const json = async (...args: string[]) => JSON.parse((await qvc('--json', ...args)).join('\n'));

test('nodes: a line each, under their regions', async () => {
  const [heading, ...lines] = await qvc('nodes');
  expect(heading).toMatch(/^REGION +NODE +STATE +REVISION +WATCHERS +RUNTIME$/);
  expect(lines.map(line => line.split(/ +/).slice(0, 2))).toEqual([
    ['eu-west', 'eu-west-1'],
    ['eu-west', 'eu-west-2'],
    ['us-east', 'us-east-1'],
    ['us-east', 'us-east-2'],
  ]);
  expect((await json('nodes')).regions).toHaveLength(2);
});

test('set, delete, rollback and import wait, and say how long each region took', async () => {
  const regions = [
    expect.stringMatching(/^REGION +STATE +AFTER$/),
    expect.stringMatching(/^(eu-west|us-east) +applied +\d+\.\d ms$/),
    expect.stringMatching(/^(eu-west|us-east) +applied +\d+\.\d ms$/),
  ];
  expect(await qvc('set', 'risk', 'limit', '1', '--wait', '20')).toEqual([
    expect.stringMatching(/^risk\/limit = 1 \(version 1, revision \d+\)$/),
    ...regions,
  ]);
  expect(await qvc('set', 'risk', 'limit', '2')).toHaveLength(1);
  expect((await qvc('rollback', 'risk', 'limit', '1', '--wait', '20')).slice(1)).toEqual(regions);
  expect((await qvc('delete', 'risk', 'limit', '--wait', '20')).slice(1)).toEqual(regions);
  writeFileSync(
    join(folder, 'many.env'),
    Array.from({ length: 200 }, (_, index) => `K${index}=1`).join('\n'),
  );
  const imported = ['import', join(folder, 'many.env'), '--service', 'risk', '--wait', '20'];
  expect((await qvc(...imported)).slice(-3)).toEqual(regions);
  expect(await qvc(...imported)).toContain('nothing to change');
  expect(await json('set', 'risk', 'limit', '3', '--wait', '20')).toMatchObject({
    config_value: 3,
    propagation: [
      { pending: false, ms: expect.any(Number) },
      { pending: false, ms: expect.any(Number) },
    ],
  });
  for (const seconds of ['61', '1.5', 'long'])
    expect((await finish(['set', 'risk', 'limit', '4', '--wait', seconds])).code).toBe(2);
});

test('propagation: each node, and how many have it', async () => {
  const { revision } = await json('delete', 'risk', 'limit', '--wait', '20');
  const lines = await qvc('propagation', String(revision));
  expect(lines[0]).toMatch(/^REGION +NODE +STATE +AFTER +ACKED +REFUSED +REASONS$/);
  expect(lines[1]).toMatch(/^eu-west +eu-west-1 +applied +\d+\.\d ms +0 +0$/);
  expect(lines.at(-1)).toBe('2 of 2 regions · 4 of 4 nodes');
  expect(await json('propagation', String(revision))).toMatchObject({ revision, applied: true, behind: [] });
  expect(await finish(['propagation', '999999999'])).toMatchObject({
    code: 1,
    err: [expect.stringContaining('The store is at revision')],
  });
});

test('instances: who would be told of a change', async () => {
  expect(await qvc('instances', 'pricing')).toEqual(['0 streams']);
  const node = network.serving[2]!;
  const options = { nodes: [node.url], service: 'pricing', token: network.token };
  const watchers = [startWatcher({ ...options, instanceId: 'pricing-1' }), startWatcher(options)];
  try {
    const lines = await until(
      async () => {
        const found = await qvc('instances', 'pricing');
        return found.at(-1)!.startsWith('2 ') ? found : undefined;
      },
      { what: 'both streams to be known' },
    );
    expect(lines).toEqual([
      expect.stringMatching(/^INSTANCE +REGION +NODE +WATCHES +ACKED +REFUSED$/),
      expect.stringMatching(/^pricing-1 +us-east +us-east-1 +pricing +–$/),
      '2 streams · 1 of clients without a name',
    ]);
    expect(await json('instances', 'pricing')).toMatchObject({ watchers: 2, unnamed: 1 });
  } finally {
    for (const watcher of watchers) watcher.close();
  }
});

test('propagation --clients: each client, what it said, and those in one state', async () => {
  const node = network.serving[0]!;
  const names = ['alerts-1', 'alerts-2', 'alerts-3'];
  const watchers = names.map(instanceId =>
    startWatcher({ nodes: [node.url], service: 'alerts', token: network.token, instanceId }),
  );
  try {
    for (const watcher of watchers) await watcher.frame(({ type }) => type === 'snapshot', 'the snapshot');
    const wait = { headers: { prefer: 'wait=20' } };
    const { revision } = await network.api(network.authority).put('alerts', 'limit', 1, wait);
    const say = (instance_id: string, said: object) =>
      network.api(node).request('POST', '/api/v1/config/ack', {
        body: { environment: 'PRODUCTION', service_name: 'alerts', instance_id, revision, ...said },
      });
    await say('alerts-1', { applied: true });
    await say('alerts-2', { applied: false, error: 'too\u001b[1mlow' });
    const lines = await until(
      async () => {
        const found = await qvc('propagation', String(revision), '--clients');
        return found[1]?.includes('applied') && found[2]?.includes('refused') ? found : undefined;
      },
      { what: 'both to have been heard' },
    );
    expect(lines).toEqual([
      expect.stringMatching(/^INSTANCE +REGION +NODE +WATCHES +STATE +ACKED +REFUSED$/),
      expect.stringMatching(
        new RegExp(`^alerts-1 +eu-west +eu-west-1 +PRODUCTION/alerts +applied +${revision}$`),
      ),
      expect.stringMatching(
        new RegExp(
          `^alerts-2 +eu-west +eu-west-1 +PRODUCTION/alerts +refused +– +${revision} too\\\\u001b\\[1mlow$`,
        ),
      ),
      expect.stringMatching(/^alerts-3 +eu-west +eu-west-1 +PRODUCTION\/alerts +held +–$/),
      '3 clients · changed: PRODUCTION/alerts',
    ]);
    const refused = await json('propagation', String(revision), '--clients', 'refused');
    expect(refused.instances).toMatchObject([
      { instance_id: 'alerts-2', acked_revision: null, refused: { revision } },
    ]);
    expect((await finish(['propagation', String(revision), '--clients', 'lost'])).code).toBe(2);
    expect((await qvc('instances', 'alerts'))[1]).toMatch(new RegExp(`alerts +${revision}$`));
  } finally {
    for (const watcher of watchers) watcher.close();
  }
});
