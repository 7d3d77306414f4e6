/** `qvc flag usage` and `qvc flag stale`, as a person reads them. */
import { FLAGS_PREFIX } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { runQvc } from '../harness/qvc.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['eu'],
    nodeRoles: ['feed,serve'],
    authorityEnv: { IMPRESSIONS_INTERVAL_MS: '50' },
    nodeEnv: { IMPRESSIONS_WINDOW_MS: '300' },
  });
});
afterAll(() => network.stop());

const finish = (...args: readonly string[]) =>
  runQvc(['--authority', network.authority.url, '--token', network.token, ...args], { folder: network.dir });
/** Lines of a command that succeeds. */
async function qvc(...args: string[]): Promise<string[]> {
  const { code, out, err } = await finish(...args);
  expect([code, err]).toEqual([0, []]);
  return out;
}

test('before anything is counted, nothing is said to be unused', async () => {
  await qvc('flag', 'set', 'checkout', '--enable', '--rollout', '25', '--wait', '20');
  expect(await qvc('flag', 'usage')).toEqual([
    expect.stringMatching(/^FLAG +LAST SEEN +EVALUATIONS$/),
    expect.stringMatching(/^checkout +never +0$/),
    'no node has told of any evaluation yet',
  ]);
  expect((await qvc('flag', 'stale'))[0]).toBe('no flag is known to be unused for 30d');
});

test('what was evaluated is shown by flag, and of one flag by variant, region and minute', async () => {
  const counts = [
    { flag: 'checkout', variant: 'off', count: 70 },
    { flag: 'checkout', variant: 'on', count: 30 },
  ];
  await network.api(network.serving[0]!).request('POST', '/api/v1/impressions', { body: { counts } });
  const summary = async () => (await qvc('flag', 'usage', 'checkout', '--since', '1h'))[0]!;
  await until(async () => (await summary()).startsWith('100 evaluations'), { what: 'the counts to arrive' });
  expect(await qvc('flag', 'usage', 'checkout', '--since', '1h')).toEqual([
    expect.stringMatching(/^100 evaluations · last seen 20\d\d-.*:00\.000Z$/),
    'rollout 25 % · reached 30 %',
    expect.stringMatching(/^VARIANT +EVALUATIONS +SHARE$/),
    expect.stringMatching(/^off +70 +70 %$/),
    expect.stringMatching(/^on +30 +30 %$/),
    expect.stringMatching(/^REGION +EVALUATIONS$/),
    expect.stringMatching(/^eu +100$/),
    expect.stringMatching(/^MINUTE +off +on$/),
    expect.stringMatching(/^20\d\d-.*Z +70 +30$/),
    expect.stringMatching(/^evaluations since .* · counted since /),
  ]);
  const json = JSON.parse((await qvc('flag', 'usage', '--json')).join('\n'));
  expect(json.flags).toMatchObject([{ flag_name: 'checkout', evaluations: 100 }]);
});

test('flags that nobody has evaluated for so long are stale, once counting is as old', async () => {
  const etcd = createEtcd({ hosts: [network.etcd.url] });
  const sql = new pg.Client({ connectionString: network.postgres.url });
  await sql.connect();
  try {
    const created_at = new Date(Date.now() - 50 * 86_400_000).toISOString();
    const forgotten = (name: string, archived: boolean) => ({
      op: 'put' as const,
      key: FLAGS_PREFIX + name,
      value: JSON.stringify({
        flag_name: name,
        enabled: true,
        rollout_percentage: 100,
        archived,
        created_at,
      }),
    });
    await etcd.txn({ compare: [], success: [forgotten('forgotten', false), forgotten('retired', true)] });
    expect((await qvc('flag', 'stale'))[0]).toBe('no flag is known to be unused for 30d');
    await sql.query("UPDATE flag_usage_since SET at = now() - interval '40 days'");
    expect((await qvc('flag', 'stale'))[1]).toMatch(/^forgotten +never +0$/);
    expect((await qvc('flag', 'stale', '--for', '45d'))[0]).toMatch(/^no flag/);
    const all = await qvc('flag', 'stale', '--for', '30d', '--archived');
    expect(all.slice(1, 3)).toEqual([
      expect.stringMatching(/^forgotten +never/),
      expect.stringMatching(/^retired \(archived\) +never/),
    ]);
    await sql.query("UPDATE flag_last_seen SET at = now() - interval '60 days'");
    expect((await qvc('flag', 'usage'))[1]).toMatch(/^checkout +20\d\d-/);
    // Seen long ago, but younger than that.
    expect((await qvc('flag', 'stale')).join('\n')).not.toContain('checkout');
  } finally {
    await sql.end();
    etcd.close();
  }
});

test('a wrong span, and a flag that never was, are told', async () => {
  expect((await finish('flag', 'stale', '--for', 'long')).err.join('\n')).toContain('unused_for');
  expect((await finish('flag', 'usage', '--since', 'yesterday')).code).toBe(2);
  expect((await finish('flag', 'usage', 'nowhere')).err.join('\n')).toContain('there is no flag nowhere');
});
