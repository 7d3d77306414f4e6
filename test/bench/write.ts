/**
 * Acknowledged writes, beside what they can't do without: one etcd transaction and then one Postgres insert,
 * made by a bare process over as many connections. A third writes behind HTTP as well, and is on record before and after,
 * with nothing else to it: what it takes is the order of things, and no work of ours. All write values of the same size
 * to the same stores, in turns of a few seconds, so that what else the machine does falls on all.
 */
import { parseArgs } from 'node:util';
import type { Endpoints } from '@quantivista/contracts';
import { withNetwork } from '../harness/network.ts';
import { type Percentiles, percentiles } from './percentiles.ts';
import { familyCpuMs } from './process-usage.ts';
import { startProcess, startSteps, type WriteLoadOptions, type WriteRun } from './write-load.ts';

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
      const steps = await startSteps(network.endpoints);
      const { endpoints, authority, etcd, postgres } = network;
      const stores = [etcd.pid!, postgres.pid!];
      const places: readonly Place[] = [
        { kind: 'bare', name: 'bare pair', endpoints, pids: [undefined, ...stores] },
        { kind: 'authority', name: 'authority', endpoints, pids: [authority.pid!, ...stores] },
        {
          kind: 'steps',
          name: 'bare steps',
          endpoints: { ...endpoints, authority: steps.url },
          pids: [steps.pid, ...stores],
        },
      ];
      try {
        await Promise.all(places.map(warmUp));
        console.log('                                                    CPU ms a write of');
        console.log('writers   kind       writes/s      p50      p99 ms     server   etcd   Postgres');
        for (const writers of values.writers.split(',').map(Number))
          await compare(places, writers, Number(values.seconds) * 1_000, Number(values.turns));
      } finally {
        steps.stop();
      }
    },
  );
}

interface Place {
  readonly kind: WriteLoadOptions['kind'];
  readonly name: string;
  readonly endpoints: Endpoints;
  /** Of the server, of etcd, of Postgres. */
  readonly pids: readonly (number | undefined)[];
}

async function warmUp({ kind, endpoints }: Place): Promise<void> {
  const load = startProcess({ kind, endpoints, writers: 16 });
  await load.run(5_000);
  await load.end();
}

/** In turns, one place after another. */
async function compare(places: readonly Place[], writers: number, ms: number, turns: number): Promise<void> {
  const loads = places.map(place => ({
    place,
    process: startProcess({ ...place, writers }),
    runs: [] as WriteRun[],
    used: [0, 0, 0],
  }));
  try {
    for (const { process } of loads) await process.run(1_000);
    for (let turn = 0; turn < turns; turn++) {
      for (const { place, process, runs, used } of loads) {
        const before = usage(place);
        runs.push(await process.run(ms));
        usage(place).forEach((after, at) => {
          used[at]! += after - before[at]!;
        });
      }
    }
    const rates = new Map<Place['kind'], number>();
    for (const { place, runs, used } of loads) {
      const run = summary(runs);
      rates.set(place.kind, run.perSecond);
      print(writers, place.name, run, used);
    }
    const ratio = (of: Place['kind']) => (rates.get(of)! / rates.get('bare')!).toFixed(2);
    console.log(
      `${String(writers).padStart(7)}   ratio ${ratio('authority')} × (at least 0.5); of the bare steps ${ratio('steps')} ×`,
    );
  } finally {
    await Promise.all(loads.map(({ process }) => process.end()));
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
const usage = ({ pids }: Place): number[] =>
  pids.map(pid => (pid === undefined ? Number.NaN : familyCpuMs(pid)));

function print(writers: number, kind: string, run: Summary, usedMs: readonly number[]): void {
  const rates = [run.perSecond.toFixed(0), run.p50.toFixed(2), run.p99.toFixed(2)].map(each =>
    each.padStart(8),
  );
  const costs = usedMs.map(each => (Number.isNaN(each) ? '' : (each / run.count).toFixed(2)).padStart(8));
  console.log(`${String(writers).padStart(7)}   ${kind.padEnd(10)} ${rates.join(' ')}   ${costs.join(' ')}`);
}
