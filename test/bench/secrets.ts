/** Reads of secrets beside reads of plain values of the same size, in turn, from the same node: a key, a service's map. */
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import type { Runtime } from '../../infra/stack/programs.ts';
import { until } from '../../infra/stack/until.ts';
import { type TestNetwork, withNetwork } from '../harness/network.ts';
import { type Percentiles, percentiles, row } from './percentiles.ts';

const KEYS = 20;
const VALUE = 'x'.repeat(200);
const ROUNDS = 10;

/** @param args `--reads` (2000) of each kind in a round, `--runtime` (both) */
export async function benchSecrets(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { reads: { type: 'string', default: '2000' }, runtime: { type: 'string' } },
  });
  for (const runtime of (values.runtime ? [values.runtime] : ['bun', 'node']) as Runtime[])
    await withNetwork({ runtime, regionNames: ['only'], nodeRoles: ['feed,serve'] }, network =>
      measure(network, runtime, Number(values.reads)),
    );
}

async function measure(network: TestNetwork, runtime: Runtime, reads: number): Promise<void> {
  const { url } = network.serving[0]!;
  const api = network.api(network.authority);
  const changes = ['secret', 'plain'].flatMap(service =>
    Array.from({ length: KEYS }, (_, n) => ({
      op: 'set' as const,
      environment: 'PRODUCTION' as const,
      service_name: service,
      config_key: `key-${n}`,
      new_value: VALUE + n,
      ...(service === 'secret' && { config_type: 'SECRET' as const }),
    })),
  );
  const { revision } = await api.batch(changes);
  const node = network.api(network.serving[0]!);
  await node.list('plain', { query: { min_revision: revision } });
  await until(async () => JSON.stringify((await node.list('secret')).body).includes(`${VALUE}${KEYS - 1}`), {
    what: 'the secrets to be opened',
  });

  // One connection: what is measured is the node, and nothing waits for another read.
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const headers = { authorization: `Bearer ${network.token}` };
  const read = async (path: string): Promise<number> => {
    const startedAt = performance.now();
    const { statusCode, body } = await request(url + path, { dispatcher, headers });
    await body.dump();
    if (statusCode !== 200) throw new Error(`${path} was answered ${statusCode}`);
    return performance.now() - startedAt;
  };
  const paths: Record<string, (n: number) => string> = {
    'a plain key': n => `/api/v1/config/plain/key-${n % KEYS}?environment=PRODUCTION`,
    'a secret': n => `/api/v1/config/secret/key-${n % KEYS}?environment=PRODUCTION`,
    'a plain map': () => '/api/v1/config/plain?environment=PRODUCTION',
    'a map of secrets': () => '/api/v1/config/secret?environment=PRODUCTION',
  };
  const times = new Map(Object.keys(paths).map(name => [name, [] as number[]]));
  try {
    // The first round warms up; reads of the kinds alternate, so that what disturbs one disturbs all.
    for (let round = 0; round <= ROUNDS; round++) {
      for (let n = 0; n < reads; n++) {
        for (const [name, pathOf] of Object.entries(paths)) {
          const ms = await read(pathOf(n));
          if (round > 0) times.get(name)!.push(ms);
        }
      }
    }
  } finally {
    await dispatcher.close();
  }
  const found = new Map([...times].map(([name, each]) => [name, percentiles(each)]));
  console.log(`${runtime}: ms${''.padEnd(36)}      p50      p90      p99      max`);
  for (const [name, each] of found) console.log(row(`  ${name}`, each));
  const ratio = (of: string, to: string, at: keyof Percentiles) =>
    (found.get(of)![at] / found.get(to)![at]).toFixed(2);
  for (const [of, to] of [
    ['a secret', 'a plain key'],
    ['a map of secrets', 'a plain map'],
  ] as const)
    console.log(`  ${of} ÷ ${to}: p50 ${ratio(of, to, 'p50')}, p99 ${ratio(of, to, 'p99')} (under 1.5)`);
}
