/**
 * I8: what slow and crowding clients cost everyone else. Reads at a fixed rate and frames to ordinary watchers
 * are timed before and during each, and the node's memory before, at its peak, and after.
 *
 * Clients are on machines of their own; these are on the node's, so they give way to every other process and keep to
 * one processor. What they cost all the same is the control: the same crowd comes to another server, and the same
 * reads and frames of the node are timed.
 */
import { parseArgs } from 'node:util';
import type { Runtime } from '../../infra/stack/programs.ts';
import { type Crowd, type CrowdOptions, socketsAllowed, startCrowd } from '../harness/crowd.ts';
import { monotonicMs } from '../harness/monotonic.ts';
import { type TestNetwork, withNetwork } from '../harness/network.ts';
import { recordRecovery } from '../harness/recovery.ts';
import { startBareServer } from './bare-server.ts';
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

/** @param args `--runtime` (both), `--seconds` (6) of each measurement, `--reads` (500) a second, `--connecting` (2000), `--returning` (10000) */
export async function benchCrowds(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      runtime: { type: 'string' },
      seconds: { type: 'string', default: '6' },
      reads: { type: 'string', default: '500' },
      connecting: { type: 'string', default: '2000' },
      returning: { type: 'string', default: '10000' },
    },
  });
  const returning = Number(values.returning);
  // Both ends are on this machine, but each process counts its own.
  if (returning > socketsAllowed()) throw new Error(`${returning} sockets need a higher limit of open files`);
  console.log(`open files allowed to a process: ${socketsAllowed() + 200}`);
  for (const runtime of (values.runtime ? [values.runtime] : ['bun', 'node']) as Runtime[]) {
    await withNetwork({ runtime, regionNames: ['only'], nodeRoles: ['feed,serve'] }, async network => {
      const load = await startSteadyLoad({ network, reads: Number(values.reads) });
      try {
        await load.during(2_000);
        for (const scenario of scenarios(Number(values.connecting), returning))
          await measure(runtime, network, load, scenario, Number(values.seconds) * 1_000);
      } finally {
        await load.stop();
      }
    });
  }
}

interface Measured {
  readonly before: Window;
  readonly during: Window;
  /** From the first one's coming until all are there. */
  readonly thereMs: number;
  readonly refused: Readonly<Record<string, number>>;
  /** CPU time of the clients. */
  readonly crowdMs: number;
}

/** The clients come to `url`, which is the node's or another's, and go again. */
async function withClients(load: SteadyLoad, url: string, scenario: Scenario, ms: number): Promise<Measured> {
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

async function comingElsewhere(
  runtime: Runtime,
  load: SteadyLoad,
  scenario: Scenario,
  ms: number,
): Promise<Measured> {
  const server = await startBareServer(runtime, { elsewhere: true });
  try {
    return await withClients(load, server.url, scenario, ms);
  } finally {
    server.stop();
  }
}

/** How much more the slowest hundredth took while they came. */
const moved = ({ before, during }: Measured, of: 'reads' | 'frames') => during[of].p99 / before[of].p99;

async function measure(
  runtime: Runtime,
  network: TestNetwork,
  load: SteadyLoad,
  scenario: Scenario,
  ms: number,
): Promise<void> {
  const control = scenario.isCrowd ? await comingElsewhere(runtime, load, scenario, ms) : undefined;
  const { url, pid } = network.serving[0]!;
  const rss = [rssMiB(pid!)];
  const looking = setInterval(() => rss.push(rssMiB(pid!)), 50);
  const nodeBefore = cpuMs(pid!);
  const at = await withClients(load, url, scenario, ms);
  const nodeMs = cpuMs(pid!) - nodeBefore;
  clearInterval(looking);
  const line = (of: 'reads' | 'frames') =>
    `p99 of ${of} ${at.before[of].p99.toFixed(1)} → ${at.during[of].p99.toFixed(1)} ms (${moved(at, of).toFixed(2)} ×, under 2` +
    `${control ? `; ${moved(control, of).toFixed(2)} × when they come to another server` : ''})`;
  const memory = `RSS ${rss[0]!.toFixed(0)} → ${Math.max(...rss).toFixed(0)} → ${rssMiB(pid!).toFixed(0)} MiB`;
  const there = `all there in ${at.thereMs.toFixed(0)} ms`;
  const turnedAway = Object.keys(at.refused).length > 0 ? `; refused: ${JSON.stringify(at.refused)}` : '';
  const own = `from before they came until they were gone they took ${at.crowdMs.toFixed(0)} ms of CPU, the node ${nodeMs.toFixed(0)}`;
  const unanswered = at.during.failed > 0 ? `; NOT ANSWERED: ${at.during.failed}` : '';
  console.log(`${runtime}: ${scenario.name}`);
  console.log(`  ${line('reads')}; ${line('frames')}; ${memory}; ${there}; ${own}${turnedAway}${unanswered}`);
  recordRecovery({
    fault: `${scenario.name} (${runtime})`,
    what: 'until all of them are there; what others notice',
    recoveryMs: at.thereMs,
    note: `${line('reads')}; ${line('frames')}; ${memory}`,
  });
}
