/**
 * A region with many keys: how long a node takes to be ready from Redis, and from etcd alone with nothing in
 * Redis; and the memory that the keys take. Beside it, in the same run, the least that reading them takes.
 */
import { parseArgs } from 'node:util';
import { type Configuration, configurationKey, DISTRIBUTED_PREFIX } from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import type { Component } from '../../infra/stack/component.ts';
import type { Runtime } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { type TestNetwork, withNetwork } from '../harness/network.ts';
import { redisCommand } from '../harness/redis-command.ts';
import { rssMiB } from './process-usage.ts';
import { readHash } from './read-hash.ts';

/** @param args `--keys` (100000), `--bytes` (400) of each record, `--runtime` (both) */
export async function benchLoad(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      keys: { type: 'string', default: '100000' },
      bytes: { type: 'string', default: '400' },
      runtime: { type: 'string' },
    },
  });
  const [keys, bytes] = [Number(values.keys), Number(values.bytes)];
  for (const runtime of (values.runtime ? [values.runtime] : ['bun', 'node']) as Runtime[])
    await withNetwork({ runtime, regionNames: ['only'], nodeRoles: ['feed', 'serve'] }, network =>
      measure(network, runtime, keys, bytes),
    );
}

async function measure(network: TestNetwork, runtime: Runtime, keys: number, bytes: number): Promise<void> {
  const { redis, nodes } = network.regions[0]!;
  const [feeder, node] = [nodes[0]!, nodes[1]!];
  const etcd = createEtcd({ hosts: [network.etcd.url] });
  try {
    const emptyMs = await startedIn(node);
    const emptyMiB = await settledMiB(node);
    await Promise.all([feeder.kill(), node.kill()]);
    await fill(etcd, keys, bytes);

    // Nothing of the filling is in Redis, and no feeder remembers it: nodes hold the keys alone, no history.
    await redisCommand(redis, 'FLUSHALL');
    const fromEtcdMs = await timed(() => Promise.all([feeder.start(), node.start()]));
    const loadedMiB = await settledMiB(node);
    const { generation, keys: held } = await status(node);
    if (held < keys) throw new Error(`the node has ${held} keys`);
    const fromRedisMs = await startedIn(node);
    const reloadedMiB = await settledMiB(node);

    const bareRedisMs = await timed(() => readHash(redis.port, `{qv:only}:${generation}:snapshot`));
    const bareEtcdMs = await timed(() => etcd.list({ prefix: DISTRIBUTED_PREFIX }));
    const rawMiB = (keys * bytes) / 1_024 / 1_024;
    const memory = (mib: number) =>
      `${(mib - emptyMiB).toFixed(0)} MiB (${((mib - emptyMiB) / rawMiB).toFixed(2)} × raw, under 4)`;
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    console.log(`${runtime}: ${keys} keys of ${bytes} B (${rawMiB.toFixed(0)} MiB raw)`);
    console.log(`  a process with no keys is ready in ${ms(emptyMs)}, ${emptyMiB.toFixed(0)} MiB`);
    console.log(`  ready from Redis in ${ms(fromRedisMs)} (under 2000); bare HGETALL ${ms(bareRedisMs)}`);
    console.log(
      `  feeder and node ready from etcd in ${ms(fromEtcdMs)} (under 5000); bare list of etcd ${ms(bareEtcdMs)}`,
    );
    console.log(`  RSS for the keys: ${memory(reloadedMiB)} from Redis, ${memory(loadedMiB)} from etcd`);
  } finally {
    etcd.close();
  }
}

/** Straight into etcd, without the authority: for speed alone. */
async function fill(etcd: Etcd, keys: number, bytes: number): Promise<void> {
  const IN_ONE = 120;
  const SERVICES = 200;
  const AT_ONCE = 8;
  const put = (n: number) => {
    const path = { environment: 'PRODUCTION', service: `service-${n % SERVICES}`, key: `key-${n}` } as const;
    return { op: 'put' as const, key: configurationKey(path), value: record(path.service, path.key, bytes) };
  };
  let next = 0;
  const worker = async () => {
    while (next < keys) {
      const from = next;
      next += IN_ONE;
      const success = Array.from({ length: Math.min(IN_ONE, keys - from) }, (_, n) => put(from + n));
      await etcd.txn({ compare: [], success });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** A record of so many bytes. */
function record(service: string, key: string, bytes: number): string {
  const now = '2026-01-01T00:00:00.000Z';
  const record: Configuration = {
    config_key: key,
    config_value: '',
    config_type: 'APPLICATION_CONFIG',
    environment: 'PRODUCTION',
    service_name: service,
    description: '',
    is_encrypted: false,
    version: 1,
    created_at: now,
    updated_at: now,
    updated_by: 'bench',
  };
  const spare = Math.max(0, bytes - JSON.stringify(record).length);
  return JSON.stringify({ ...record, config_value: 'x'.repeat(spare) });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function startedIn(node: Component): Promise<number> {
  await node.kill();
  return timed(() => node.start());
}

async function status(node: Component): Promise<{ generation: string; keys: number }> {
  return (await (await fetch(`${node.url}/status`)).json()) as { generation: string; keys: number };
}

/** Once it has not changed by more than a hundredth for two seconds: what loading left behind is collected. */
async function settledMiB(node: Component): Promise<number> {
  let settled = rssMiB(node.pid!);
  let since = performance.now();
  await until(
    () => {
      const now = rssMiB(node.pid!);
      if (Math.abs(now - settled) > settled / 100) [settled, since] = [now, performance.now()];
      return performance.now() - since > 2_000;
    },
    { what: 'memory to settle', timeoutMs: 30_000, intervalMs: 100 },
  );
  return settled;
}
