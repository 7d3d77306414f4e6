/**
 * I8: what slow and crowding clients cost everyone else. Reads at a fixed rate and frames to ordinary watchers
 * are timed before and during each, and the node's memory before, at its peak, and after.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Runtime } from '../../infra/stack/programs.ts';
import { type Crowd, type CrowdOptions, socketsAllowed, startCrowd } from '../harness/crowd.ts';
import { monotonicMs } from '../harness/monotonic.ts';
import { type TestNetwork, withNetwork } from '../harness/network.ts';
import { recordRecovery } from '../harness/recovery.ts';
import { cpuMs, rssMiB } from './process-usage.ts';
import { LARGE, STILL, type SteadyLoad, startSteadyLoad } from './steady-load.ts';

interface Scenario {
  readonly name: string;
  /** Clients that are there before: what comes is measured against their being there. */
  readonly before?: Omit<CrowdOptions, 'url'>;
  /** Answers the clients that came; resolves when all are there. */
  come(url: string, present: Crowd | undefined): Promise<Crowd | undefined>;
}

const joins = (name: string, options: Omit<CrowdOptions, 'url'>, awaited: boolean): Scenario => ({
  name,
  come: async url => {
    const crowd = startCrowd({ url, yielding: true, ...options });
    if (awaited) await crowd.allHere();
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

async function measure(
  runtime: Runtime,
  network: TestNetwork,
  load: SteadyLoad,
  scenario: Scenario,
  ms: number,
): Promise<void> {
  const node = network.serving[0]!;
  const rss = () => rssMiB(node.pid!);
  const present = scenario.before && startCrowd({ url: node.url, yielding: true, ...scenario.before });
  await present?.allHere();
  const before = await load.during(ms);
  const rssBefore = rss();
  const [nodeBefore, crowdBefore] = [cpuMs(node.pid!), present?.cpuMs ?? 0];
  let rssPeak = 0;
  const looking = setInterval(() => {
    rssPeak = Math.max(rssPeak, rss());
  }, 50);
  let came: Crowd | undefined;
  let thereMs = 0;
  const during = await load.during(ms, async () => {
    const startedAt = monotonicMs();
    came = await scenario.come(node.url, present);
    thereMs = monotonicMs() - startedAt;
  });
  clearInterval(looking);
  const nodeMs = cpuMs(node.pid!) - nodeBefore;
  const crowdMs = (came ?? present)!.cpuMs - crowdBefore;
  const refused = await (scenario.before ? present?.allHere() : undefined);
  await Promise.all([came?.close(), present?.close()]);
  await load.during(1_000);
  const ratio = (of: 'reads' | 'frames') => during[of].p99 / before[of].p99;
  const line = (of: 'reads' | 'frames') =>
    `p99 of ${of} ${before[of].p99.toFixed(1)} → ${during[of].p99.toFixed(1)} ms (${ratio(of).toFixed(2)} ×, under 2)`;
  const memory = `RSS ${rssBefore.toFixed(0)} → ${rssPeak.toFixed(0)} → ${rss().toFixed(0)} MiB`;
  const there = `all there in ${thereMs.toFixed(0)} ms`;
  const turnedAway =
    refused && Object.keys(refused).length > 0 ? `; refused: ${JSON.stringify(refused)}` : '';
  console.log(`${runtime}: ${scenario.name}`);
  const own = `they took ${crowdMs.toFixed(0)} ms of CPU, the node ${nodeMs.toFixed(0)}, of ${ms * availableParallelism()}`;
  const unanswered = during.failed > 0 ? `; NOT ANSWERED: ${during.failed}` : '';
  console.log(`  ${line('reads')}; ${line('frames')}; ${memory}; ${there}; ${own}${turnedAway}${unanswered}`);
  recordRecovery({
    fault: `${scenario.name} (${runtime})`,
    what: 'until all of them are there; what others notice',
    recoveryMs: thereMs,
    note: `${line('reads')}; ${line('frames')}; ${memory}`,
  });
}
