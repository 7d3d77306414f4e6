/**
 * One change to thousands of watchers of one node: from the PUT at the authority to the last byte of the frame
 * at each of them. Beside it, in the same run, the least that the runtime needs to send the same bytes to as
 * many sockets. Everything shares this machine's cores; what the watchers themselves take is told.
 */
import { parseArgs } from 'node:util';
import type { Runtime } from '../../infra/stack/programs.ts';
import { createApi } from '../harness/api.ts';
import { type Crowd, socketsAllowed, startCrowd } from '../harness/crowd.ts';
import { monotonicMs } from '../harness/monotonic.ts';
import { withNetwork } from '../harness/network.ts';
import { startBareServer } from './bare-server.ts';
import { type Percentiles, percentiles, row } from './percentiles.ts';
import { cpuMs } from './process-usage.ts';

const PROCESSES = 2;
const WARM_UP = 20;

/** @param args `--watchers` (5000), `--changes` (100) */
export async function benchFanout(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { watchers: { type: 'string', default: '5000' }, changes: { type: 'string', default: '100' } },
  });
  const watchers = Number(values.watchers);
  const changes = Number(values.changes);
  if (watchers > socketsAllowed()) throw new Error(`${watchers} sockets need a higher limit of open files`);
  console.log(`${watchers} watchers of one node, ${changes} changes, each when the one before has arrived`);
  console.log(`ms${' '.repeat(47)}p50      p90      p99      max`);
  for (const runtime of ['bun', 'node'] as const) {
    const product = await measureNode(runtime, watchers, changes);
    const bare = await measureBare(runtime, watchers, changes);
    console.log(row(`${runtime}: PUT sent → frame at each`, product.times));
    console.log(row(`${runtime}: PUT sent → frame at the first`, product.first));
    console.log(row(`${runtime}: bare, POST sent → bytes at each`, bare.times));
    console.log(
      `${runtime}: p99 ${(product.times.p99 / bare.times.p99).toFixed(2)} × bare; p99 ${product.times.p99.toFixed(1)} ms (under 100); ` +
        `CPU a change: node ${product.serverMs.toFixed(1)} ms (bare ${bare.serverMs.toFixed(1)}), watchers ${product.crowdMs.toFixed(1)} ms`,
    );
  }
}

interface Measured {
  readonly times: Percentiles;
  /** To the first of them: what precedes the fan-out. */
  readonly first: Percentiles;
  /** CPU time of the server and of the watchers, a change. */
  readonly serverMs: number;
  readonly crowdMs: number;
}

const measureNode = (runtime: Runtime, watchers: number, changes: number): Promise<Measured> =>
  withNetwork({ runtime, regionNames: ['only'], nodeRoles: ['feed,serve'] }, async network => {
    const node = network.serving[0]!;
    const api = network.api(network.authority);
    await api.put('fanout', 'key', 0);
    return withCrowd(node.url, '/api/v1/config/watch/fanout?environment=PRODUCTION', watchers, crowd =>
      measure({
        changes,
        crowd,
        pid: node.pid!,
        send: async n => (await api.put('fanout', 'key', { n, text: 'x'.repeat(100) })).revision,
      }),
    );
  });

async function measureBare(runtime: Runtime, watchers: number, changes: number): Promise<Measured> {
  const server = await startBareServer(runtime);
  const { url, pid } = server;
  try {
    const api = createApi({ url });
    const send = async (n: number) => {
      const revision = n + 1_000;
      await api.request('POST', '/', { body: frameOf(revision) });
      return revision;
    };
    return await withCrowd(url, '/', watchers, crowd => measure({ changes, crowd, pid, send }));
  } finally {
    server.stop();
  }
}

/** As long as a frame of the measured change. */
const frameOf = (revision: number): string =>
  JSON.stringify({
    type: 'update',
    generation: '11111111-1111-4111-8111-111111111111',
    revision,
    environment: 'PRODUCTION',
    service_name: 'fanout',
    updates: ['old_value', 'new_value'].map(name => ({ [name]: { n: revision, text: 'x'.repeat(100) } })),
    rest: 'x'.repeat(110),
  });

async function withCrowd<T>(url: string, path: string, sockets: number, work: (crowd: Crowd) => Promise<T>) {
  const crowd = startCrowd({ url, path, sockets, processes: PROCESSES });
  try {
    await crowd.allHere();
    return await work(crowd);
  } finally {
    await crowd.close();
  }
}

interface Measurement {
  readonly changes: number;
  readonly crowd: Crowd;
  /** Of the server. */
  readonly pid: number;
  /** Make a change; answers its revision. */
  readonly send: (n: number) => Promise<number>;
}

async function measure({ changes, crowd, pid, send }: Measurement): Promise<Measured> {
  const times: number[] = [];
  const firsts: number[] = [];
  const one = async (n: number) => {
    const sentAt = monotonicMs();
    const arrivals = await crowd.arrivals(await send(n));
    return arrivals.map(at => at - sentAt);
  };
  for (let n = 0; n < WARM_UP; n++) await one(n);
  const [serverBefore, crowdBefore] = [cpuMs(pid), crowd.cpuMs];
  for (let n = 0; n < changes; n++) {
    const all = await one(WARM_UP + n);
    firsts.push(Math.min(...all));
    for (const time of all) times.push(time);
  }
  const [serverMs, crowdMs] = [(cpuMs(pid) - serverBefore) / changes, (crowd.cpuMs - crowdBefore) / changes];
  return { times: percentiles(times), first: percentiles(firsts), serverMs, crowdMs };
}
