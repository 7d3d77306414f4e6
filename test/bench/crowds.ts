/**
 * I8: what slow and crowding clients cost everyone else. Reads at a fixed rate and frames to ordinary watchers
 * are timed before and during each, and the node's memory before, at its peak, and after.
 *
 * Clients are on machines of their own; these are on the node's, so they give way to every other process and keep to
 * one processor. What they cost all the same is the control: the same crowd comes to another server, and the same
 * reads and frames of the node are timed. The reference is the least that the runtime can do: the same crowd comes to a
 * bare server, and reads of that one are timed.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Runtime } from '../../infra/stack/programs.ts';
import { type Crowd, type CrowdOptions, socketsAllowed, startCrowd } from '../harness/crowd.ts';
import { monotonicMs } from '../harness/monotonic.ts';
import { type TestNetwork, withNetwork } from '../harness/network.ts';
import { recordRecovery } from '../harness/recovery.ts';
import { startBareServer } from './bare-server.ts';
import { startPacedReads } from './paced.ts';
import { percentiles } from './percentiles.ts';
import { cpuMs, rssMiB } from './process-usage.ts';
import { LARGE, STILL, type SteadyLoad, startSteadyLoad, type Window } from './steady-load.ts';

interface Scenario {
  readonly name: string;
  /** So many that their own use of the machine is to be told apart. */
  readonly isCrowd: boolean;
  /** Clients that are there before: what comes is measured against their being there. */
  readonly before?: Omit<CrowdOptions, 'url'>;
  /** Answers the clients that came; resolves when all are there. */
  come(url: string, present: Crowd | undefined): Promise<Crowd | undefined>;
}

const joins = (name: string, options: Omit<CrowdOptions, 'url'>, isCrowd: boolean): Scenario => ({
  name,
  isCrowd,
  come: async url => {
    const crowd = startCrowd({ url, elsewhere: true, ...options });
    if (isCrowd) await crowd.allHere();
    return crowd;
  },
});

const scenarios = (connecting: number, returning: number): Scenario[] => [
  joins('a client that never reads', { path: LARGE, sockets: 1, reading: 'never' }, false),
  joins(
    'a client that reads a byte a second',
    { path: LARGE, sockets: 1, reading: 'a byte a second' },
    false,
  ),
  joins(
    `${connecting} clients connect at once`,
    { path: STILL, sockets: connecting, portion: Number.POSITIVE_INFINITY },
    true,
  ),
  {
    name: `${returning} clients come back at once with since`,
    isCrowd: true,
    before: { path: STILL, sockets: returning, processes: 2 },
    come: async (_, present) => {
      await present!.comeBack();
      return undefined;
    },
  },
];

/** @param args `--runtime` (both), `--seconds` (6) of each measurement, `--rounds` (2) of each scenario, `--reads` (500) a second, `--connecting` (2000), `--returning` (10000) */
export async function benchCrowds(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      runtime: { type: 'string' },
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '2' },
      reads: { type: 'string', default: '500' },
      connecting: { type: 'string', default: '2000' },
      returning: { type: 'string', default: '10000' },
    },
  });
  const [returning, reads] = [Number(values.returning), Number(values.reads)];
  const [rounds, ms] = [Number(values.rounds), Number(values.seconds) * 1_000];
  // Both ends are on this machine, but each process counts its own.
  if (returning > socketsAllowed()) throw new Error(`${returning} sockets need a higher limit of open files`);
  console.log(`open files allowed to a process: ${socketsAllowed() + 200}`);
  for (const runtime of (values.runtime ? [values.runtime] : ['bun', 'node']) as Runtime[]) {
    await withNetwork({ runtime, regionNames: ['only'], nodeRoles: ['feed,serve'] }, async network => {
      const load = await startSteadyLoad({ network, reads });
      try {
        await load.during(2_000);
        for (const scenario of scenarios(Number(values.connecting), returning))
          await measure(runtime, network, load, reads, { scenario, rounds, ms });
      } finally {
        await load.stop();
      }
    });
  }
}

interface Measured {
  readonly before: Window;
  readonly during: Window;
  /** From the first one's coming until all are there: the slowest of the rounds. */
  readonly thereMs: number;
  readonly refused: Readonly<Record<string, number>>;
  /** CPU time of the clients. */
  readonly crowdMs: number;
}

interface Rounds {
  readonly scenario: Scenario;
  readonly rounds: number;
  /** Of each measurement. */
  readonly ms: number;
}

const together = (windows: readonly Window[]): Window => ({
  reads: windows.flatMap(({ reads }) => reads),
  frames: windows.flatMap(({ frames }) => frames),
  failed: windows.reduce((sum, { failed }) => sum + failed, 0),
});

function sumsOf(counts: readonly Measured['refused'][]): Measured['refused'] {
  const sums: Record<string, number> = {};
  for (const [status, count] of counts.flatMap(Object.entries<number>))
    sums[status] = (sums[status] ?? 0) + count;
  return sums;
}

/** The clients come to `url`, which is the node's or another's, and go again. */
async function round(
  load: Pick<SteadyLoad, 'during'>,
  url: string,
  { scenario, ms }: Rounds,
): Promise<Measured> {
  const present = scenario.before && startCrowd({ url, elsewhere: true, ...scenario.before });
  let came: Crowd | undefined;
  try {
    await present?.allHere();
    const before = await load.during(ms);
    const crowdBefore = present?.cpuMs ?? 0;
    let thereMs = 0;
    const during = await load.during(ms, async () => {
      const startedAt = monotonicMs();
      came = await scenario.come(url, present);
      thereMs = monotonicMs() - startedAt;
    });
    const refused = (await present?.allHere()) ?? {};
    return { before, during, thereMs, refused, crowdMs: (came ?? present)!.cpuMs - crowdBefore };
  } finally {
    await Promise.all([came?.close(), present?.close()]);
    await load.during(1_000);
  }
}

/** Several rounds as one: what else the machine does falls on some of them. */
async function withClients(load: Pick<SteadyLoad, 'during'>, url: string, plan: Rounds): Promise<Measured> {
  const all: Measured[] = [];
  for (let n = 0; n < plan.rounds; n++) all.push(await round(load, url, plan));
  return {
    before: together(all.map(({ before }) => before)),
    during: together(all.map(({ during }) => during)),
    thereMs: Math.max(...all.map(({ thereMs }) => thereMs)),
    refused: sumsOf(all.map(({ refused }) => refused)),
    crowdMs: all.reduce((sum, { crowdMs }) => sum + crowdMs, 0) / all.length,
  };
}

async function comingElsewhere(runtime: Runtime, load: SteadyLoad, plan: Rounds): Promise<Measured> {
  const server = await startBareServer(runtime, { elsewhere: true });
  try {
    return await withClients(load, server.url, plan);
  } finally {
    server.stop();
  }
}

/** Reads of a bare server to which they come. */
async function comingToBare(runtime: Runtime, readsPerSecond: number, plan: Rounds): Promise<Measured> {
  const server = await startBareServer(runtime);
  const reads = startPacedReads(server.url, readsPerSecond);
  const load = {
    during: async (ms: number, work = async (): Promise<unknown> => undefined) => {
      reads.takeTimes();
      await Promise.all([work(), setTimeout(ms)]);
      return { reads: reads.takeTimes(), frames: [], failed: reads.takeFailed() };
    },
  };
  try {
    await load.during(1_000);
    return await withClients(load, server.url, plan);
  } finally {
    await reads.stop();
    server.stop();
  }
}

/** How much more the slowest hundredth took while they came. */
function moved({ before, during }: Measured, of: 'reads' | 'frames') {
  const [from, to] = [percentiles(before[of]).p99, percentiles(during[of]).p99];
  return { times: (to / from).toFixed(2), text: `${from.toFixed(1)} → ${to.toFixed(1)} ms` };
}

async function measure(
  runtime: Runtime,
  network: TestNetwork,
  load: SteadyLoad,
  readsPerSecond: number,
  plan: Rounds,
): Promise<void> {
  const { scenario } = plan;
  const control = scenario.isCrowd ? await comingElsewhere(runtime, load, plan) : undefined;
  const bare = scenario.isCrowd ? await comingToBare(runtime, readsPerSecond, plan) : undefined;
  const { url, pid } = network.serving[0]!;
  const rss = [rssMiB(pid!)];
  const looking = setInterval(() => rss.push(rssMiB(pid!)), 50);
  const nodeBefore = cpuMs(pid!);
  const at = await withClients(load, url, plan);
  const nodeMs = (cpuMs(pid!) - nodeBefore) / plan.rounds;
  clearInterval(looking);
  const line = (of: 'reads' | 'frames') => {
    const { text, times } = moved(at, of);
    const elsewhere = control ? `; ${moved(control, of).times} × when they come to another server` : '';
    return `p99 of ${of} ${text} (${times} ×, under 2${elsewhere})`;
  };
  const memory = `RSS ${rss[0]!.toFixed(0)} → ${Math.max(...rss).toFixed(0)} → ${rssMiB(pid!).toFixed(0)} MiB`;
  const there = `all there in ${at.thereMs.toFixed(0)} ms`;
  const turnedAway = Object.keys(at.refused).length > 0 ? `; refused: ${JSON.stringify(at.refused)}` : '';
  const own = `from before they came until they were gone they took ${at.crowdMs.toFixed(0)} ms of CPU, the node ${nodeMs.toFixed(0)}`;
  const unanswered = at.during.failed > 0 ? `; NOT ANSWERED: ${at.during.failed}` : '';
  console.log(`${runtime}: ${scenario.name}`);
  console.log(`  ${line('reads')}; ${line('frames')}; ${memory}; ${there}; ${own}${turnedAway}${unanswered}`);
  const reference = bare && moved(bare, 'reads');
  if (reference)
    console.log(
      `  beside it a bare server: p99 of reads ${reference.text} (${reference.times} ×); all there in ${bare.thereMs.toFixed(0)} ms`,
    );
  recordRecovery({
    fault: `${scenario.name} (${runtime})`,
    what: 'until all of them are there; what others notice',
    recoveryMs: at.thereMs,
    note: `${line('reads')}${reference ? `, a bare server's by ${reference.times} ×` : ''}; ${line('frames')}; ${memory}`,
  });
}
