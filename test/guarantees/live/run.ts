/** A soak: a network under writes and watchers, struck by one fault after another, judged all the while. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Network } from '../../../infra/stack/network.ts';
import { until } from '../../../infra/stack/until.ts';
import { send } from '../api.ts';
import { etcdDigest } from '../etcd-digest.ts';
import { servingNodes } from '../faults.ts';
import type { IntendedChange, Topic } from '../history.ts';
import { storeRevision } from '../oracle.ts';
import { createRandom } from '../random.ts';
import { readService } from '../readers.ts';
import type { Violation } from '../violation.ts';
import type { CrowdTally } from './crowd.ts';
import { startCrowds } from './crowds.ts';
import { drawFaults, type Fault, listFaults } from './faults.ts';
import { followStore } from './follow-store.ts';
import type { Report } from './judged-watcher.ts';
import { type Probe, startProbe } from './probe.ts';
import { createServed } from './served.ts';
import { struckLine } from './summary.ts';
import { readTrailTotals } from './trail-totals.ts';
import { createLiveTruth } from './truth.ts';
import { startWriter, type Writer } from './writer.ts';
import { createWritten } from './written.ts';

export interface SoakOptions {
  readonly network: Network;
  readonly durationMs: number;
  readonly watchers: number;
  /** Watched services. */
  readonly services: number;
  /** Writes a second. */
  readonly rate: number;
  /** Repeats the faults, and the choices of writers and watchers. */
  readonly seed: number;
  /** Threads that the watchers are spread over. */
  readonly threads: number;
  /** Only faults whose kind and target fit. @default all */
  readonly only?: RegExp;
  /** Told of each step. */
  readonly onProgress?: (line: string) => void;
}

/** A fault that was done. */
export interface Struck {
  readonly kind: Fault['kind'];
  readonly target: string;
  /** Milliseconds since the beginning of the run. */
  readonly atMs: number;
  /** Between strike and the beginning of healing. */
  readonly lastedMs: number;
  /** From the beginning of healing until every node had a write made after it; `undefined` where never. */
  readonly nodesMs?: number;
  /** The same, until every watcher had it. */
  readonly recoveryMs?: number;
}

export interface SoakResult {
  readonly struck: readonly Struck[];
  readonly violations: readonly (Violation | Report)[];
  readonly tallies: readonly CrowdTally[];
  readonly writes: Omit<Writer, 'stop'>;
  /** Commits that the store told of, and reads that nodes answered. */
  readonly commits: number;
  readonly reads: number;
}

/** Everything that is not struck must have caught up by then. */
const RECOVERY_LIMIT_MS = 120_000;
/** After so many, more tell nothing new. */
const VIOLATIONS_KEPT = 50;
const KEPT_MS = 60_000;
/**
 * Revisions that feeders can put into an emptied Redis again, at most. Where etcd has just been compacted they
 * can't, and nodes may have to load the state whole.
 */
const FEEDERS_REMEMBER = 2_000;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { network, seed, only = /./, onProgress = () => {} } = options;
  const { token, etcd, authority } = network;
  const startedAt = performance.now();
  const nodes = servingNodes(network);
  const topics = Array.from(
    { length: options.services },
    (_, n): Topic => ({ environment: 'PRODUCTION', service: `service-${n}` }),
  );
  const random = createRandom(seed);
  const violations: (Violation | Report)[] = [];
  const struck: Struck[] = [];
  const failures: unknown[] = [];
  const report = (violation: Violation | Report) => {
    if (violations.length < VIOLATIONS_KEPT) violations.push(violation);
  };
  const fail = (error: unknown) => failures.push(error);

  const truth = createLiveTruth();
  const served = createServed(truth, report);
  const written = createWritten(report);
  const crowds = startCrowds({
    watchers: options.watchers,
    threads: options.threads,
    nodes: nodes.map(({ name, url }) => ({ name, url })),
    topics,
    token,
    seed,
    report,
    fail,
  });
  let compactedAt = Number.NEGATIVE_INFINITY;
  let commits = 0;
  let sumOfRevisions = 0;
  const store = followStore(
    etcd.url,
    revisions => {
      const now = performance.now();
      crowds.add(revisions);
      for (const revision of revisions) {
        const commit = truth.add(revision);
        served.proceed(revision.revision, now);
        if (!commit) continue;
        commits++;
        sumOfRevisions += commit.revision;
        written.committed(commit);
      }
    },
    fail,
  );
  let roundsAgo = [0, 0];
  const forgetting = setInterval(() => {
    for (const topic of topics) truth.forget(topic, roundsAgo[0]!);
    roundsAgo = [roundsAgo[1]!, truth.reached];
  }, KEPT_MS);

  let writer: Writer | undefined;
  let probes: Map<string, Probe> | undefined;
  const failed = () => {
    if (failures.length > 0) throw new Error('the soak itself has failed', { cause: failures[0] });
  };

  async function strike(fault: Fault): Promise<void> {
    const { kind, target } = fault;
    const atMs = performance.now() - startedAt;
    const lastedMs = random.between(...fault.lastsMs);
    const of = fault.strikes.flatMap(({ name }) => probes!.get(name) ?? []);
    const forgotten = fault.empties && truth.reached - compactedAt < FEEDERS_REMEMBER;
    if (fault.mayReset || forgotten) crowds.allowResets(true);
    for (const probe of of) probe.suspend();
    await fault.strike();
    await pause(lastedMs);
    const healingAt = performance.now();
    const done: { -readonly [K in keyof Struck]: Struck[K] } = { kind, target, atMs, lastedMs };
    struck.push(done);
    await fault.heal();
    if (kind === 'compact') compactedAt = truth.reached;
    for (const probe of of) probe.resume(fault.ends);
    await recovered(`${kind} ${target}`, () => {
      done.nodesMs = performance.now() - healingAt;
    });
    done.recoveryMs = performance.now() - healingAt;
    crowds.allowResets(false);
  }

  /** Writes are acknowledged again, and everyone has what was written since. */
  async function recovered(after: string, onNodes = () => {}): Promise<void> {
    const healed = await until(() => storeRevision(etcd.url), { what: `etcd to answer after ${after}` });
    await until(() => writer!.newest > healed, { what: `a write to be acknowledged after ${after}` });
    const revision = writer!.newest;
    await caughtUp(revision, after, onNodes);
  }

  async function caughtUp(revision: number, after: string, onNodes = () => {}): Promise<void> {
    const limits = { timeoutMs: RECOVERY_LIMIT_MS };
    let everyone = false;
    const reached = crowds.reached(revision).then(() => {
      everyone = true;
    });
    const of = { what: `every node to have ${revision} after ${after}`, ...limits };
    await until(async () => {
      failed();
      return (
        await Promise.allSettled(nodes.map(node => readService(node.url, token, topics[0]!, revision)))
      ).every(read => read.status === 'fulfilled');
    }, of);
    onNodes();
    await until(() => everyone || failures.length > 0, {
      what: `every watcher to have ${revision} after ${after}`,
      ...limits,
    }).catch(error => {
      const slowest = crowds.tallies.map(tally => tally.slowest).join('; ');
      throw new Error(`${error.message}: ${slowest}`);
    });
    failed();
    await reached;
  }

  try {
    onProgress('the services get their first values');
    for (const [n, change] of firstValues(topics).entries()) {
      const id = `first-${n}`;
      written.sent(id, change);
      const { write } = await send({ url: authority.url, token }, id, change);
      written.answered(id, write.outcome);
    }
    writer = startWriter({
      ...options,
      url: authority.url,
      token,
      topics,
      random: createRandom(seed + 1),
      written,
    });
    probes = new Map(nodes.map(node => [node.name, startProbe({ node, token, topics, served, report })]));
    await recovered('the beginning');
    onProgress(`${options.watchers} watchers are under way`);
    const possible = listFaults(network, () => truth.reached);
    const faults = drawFaults(
      possible.filter(({ kind, target }) => only.test(`${kind} ${target}`)),
      random,
    );
    while (performance.now() - startedAt < options.durationMs && violations.length === 0) {
      await pause(random.between(500, 1_500));
      const fault = faults.next().value;
      await strike(fault);
      onProgress(struckLine(struck.at(-1)!));
    }
    await writer.stop();
    const last = await storeRevision(etcd.url);
    await caughtUp(last, 'the end');
    const digest = await etcdDigest(etcd.url);
    for (const { name, url } of nodes) {
      const status = (await (await fetch(`${url}/status`)).json()) as { digest: string };
      const what = `digest ${status.digest} instead of the store's ${digest}`;
      if (status.digest !== digest) report({ guarantee: 'StatesExisted', what, where: name });
    }
    const totals = () => readTrailTotals(network.postgres.url, truth.generation!);
    await until(async () => (await totals()).pending === 0, {
      what: 'every intent to have an outcome',
      timeoutMs: RECOVERY_LIMIT_MS,
      intervalMs: 500,
    });
    const trail = await totals();
    if (trail.committed !== commits || trail.revisions !== sumOfRevisions) {
      const what = `the trail has ${trail.committed} commits (revisions add up to ${trail.revisions}), the store ${commits} (${sumOfRevisions})`;
      report({ guarantee: 'Acknowledged', what, where: 'the audit trail' });
    }
    for (const probe of probes.values()) await probe.stop();
    await crowds.end();
    served.end();
    written.end();
  } catch (error) {
    // What was found until then explains it, or is worth more than it.
    report({
      guarantee: 'Reliable',
      what: `${error instanceof Error ? error.stack : error}`,
      where: 'the run',
    });
  } finally {
    clearInterval(forgetting);
    store.stop();
    await writer?.stop();
    for (const probe of probes?.values() ?? []) await probe.stop();
    await crowds.terminate();
  }
  const reads = [...(probes?.values() ?? [])].reduce((sum, probe) => sum + probe.reads, 0);
  return { struck, violations, tallies: crowds.tallies, writes: writer!, commits, reads };
}

/** A key of each service that nobody touches again, so that there is always something to read. */
function firstValues(topics: readonly Topic[]): IntendedChange[][] {
  const changes = topics.map((topic): IntendedChange => ({ ...topic, key: 'anchor', to: 'value', value: 0 }));
  return Array.from({ length: Math.ceil(changes.length / 20) }, (_, n) => changes.slice(n * 20, n * 20 + 20));
}
