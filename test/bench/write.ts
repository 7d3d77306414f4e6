/**
 * Acknowledged writes, beside what they can't do without: one etcd transaction and then one Postgres insert,
 * made by a bare process over as many connections. Both write values of the same size to the same stores, in
 * turns of a few seconds, so that what else the machine does falls on both.
 */
import { parseArgs } from 'node:util';
import type { Network } from '../../infra/stack/network.ts';
import { withNetwork } from '../harness/network.ts';
import { type Percentiles, percentiles } from './percentiles.ts';
import { familyCpuMs } from './process-usage.ts';
import { startProcess, type WriteProcess, type WriteRun } from './write-load.ts';

/** @param args `--writers` (1,16,64), `--seconds` (4) of a turn, `--turns` (3) of each kind */
export async function benchWrite(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      writers: { type: 'string', default: '1,16,64' },
      seconds: { type: 'string', default: '4' },
      turns: { type: 'string', default: '3' },
    },
  });
  await withNetwork(
    { regionNames: [], authorityEnv: { LOG_LEVEL: 'warn', CALLER_REQUESTS_PER_S: '1000000' } },
    async network => {
      // What is compiled while it runs is not what is measured.
      await Promise.all([warmUp(network, 'authority'), warmUp(network, 'bare')]);
      console.log('                                                    CPU ms a write of');
      console.log('writers   kind       writes/s      p50      p99 ms  authority   etcd   Postgres');
      for (const writers of values.writers.split(',').map(Number))
        await compare(network, writers, Number(values.seconds) * 1_000, Number(values.turns));
    },
  );
}

async function warmUp({ endpoints }: Network, kind: 'authority' | 'bare'): Promise<void> {
  const load = startProcess({ kind, endpoints, writers: 16 });
  await load.run(5_000);
  await load.end();
}

async function compare(network: Network, writers: number, ms: number, turns: number): Promise<void> {
  const { endpoints } = network;
  const whole = startProcess({ kind: 'authority', endpoints, writers });
  const bare = startProcess({ kind: 'bare', endpoints, writers });
  try {
    const runs: Record<'whole' | 'bare', WriteRun[]> = { whole: [], bare: [] };
    await whole.run(1_000);
    await bare.run(1_000);
    const used = { whole: [0, 0, 0], bare: [0, 0, 0] };
    const take = async (kind: 'whole' | 'bare', load: WriteProcess) => {
      const before = usage(network);
      runs[kind].push(await load.run(ms));
      usage(network).forEach((after, at) => {
        used[kind][at]! += after - before[at]!;
      });
    };
    for (let turn = 0; turn < turns; turn++) {
      await take('bare', bare);
      await take('whole', whole);
    }
    const [own, reference] = [summary(runs.whole), summary(runs.bare)];
    print(writers, 'authority', own, used.whole);
    print(writers, 'bare pair', reference, used.bare);
    console.log(
      `${String(writers).padStart(7)}   ratio ${(own.perSecond / reference.perSecond).toFixed(2)} × (at least 0.5)`,
    );
  } finally {
    await Promise.all([whole.end(), bare.end()]);
  }
}

interface Summary extends Percentiles {
  readonly count: number;
  readonly perSecond: number;
}

function summary(runs: readonly WriteRun[]): Summary {
  const times = runs.flatMap(run => run.times);
  const ms = runs.reduce((sum, run) => sum + run.ms, 0);
  return { count: times.length, perSecond: (times.length * 1_000) / ms, ...percentiles(times) };
}

/** CPU time of what serves the writes, until now: steadier than what a second brings on a busy machine. */
const usage = ({ authority, etcd, postgres }: Network): number[] =>
  [authority, etcd, postgres].map(({ pid }) => (pid === undefined ? Number.NaN : familyCpuMs(pid)));

function print(writers: number, kind: string, run: Summary, usedMs: readonly number[]): void {
  const rates = [run.perSecond.toFixed(0), run.p50.toFixed(2), run.p99.toFixed(2)].map(each =>
    each.padStart(8),
  );
  const costs = usedMs.map(each => (each / run.count).toFixed(2).padStart(8));
  console.log(`${String(writers).padStart(7)}   ${kind.padEnd(10)} ${rates.join(' ')}   ${costs.join(' ')}`);
}
