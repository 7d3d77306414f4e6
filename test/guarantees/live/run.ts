/** A soak: a network under writes and watchers, struck by one fault after another, judged all the while. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../../infra/stack/until.ts';
import { send } from '../api.ts';
import { servingNodes } from '../faults.ts';
import type { IntendedChange, Topic } from '../history.ts';
import { storeRevision } from '../oracle.ts';
import { createRandom } from '../random.ts';
import type { Violation } from '../violation.ts';
import { caughtUp, nextWrite } from './catching-up.ts';
import type { CrowdTally } from './crowd.ts';
import { startCrowds } from './crowds.ts';
import { judgeDigests, judgeTrail } from './ending.ts';
import { drawFaults, type Fault, listFaults } from './faults.ts';
import type { Report } from './judged-watcher.ts';
import type { SoakNetwork } from './network.ts';
import { startProbe } from './probe.ts';
import { struckLine } from './summary.ts';
import { createVerdict, type Verdict } from './verdict.ts';
import { startWriter, type Writer } from './writer.ts';

export interface SoakOptions {
  readonly network: SoakNetwork;
  /** Ends after the fault in which this has passed, or after so many faults. */
  readonly durationMs?: number;
  readonly faults?: number;
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
  /** From the beginning of healing until every node had a write made after it; absent where never. */
  nodesMs?: number;
  /** The same, until every watcher had it. */
  recoveryMs?: number;
}

export interface SoakResult {
  readonly struck: readonly Readonly<Struck>[];
  readonly violations: readonly (Violation | Report)[];
  readonly tallies: readonly CrowdTally[];
  readonly writes: Omit<Writer, 'stop'>;
  /** Commits that the store told of, and reads that nodes answered. */
  readonly commits: number;
  readonly reads: number;
}

/**
 * Revisions that feeders can put into an emptied Redis again, at most. Where etcd has just been compacted they
 * can't, and nodes may have to load the state whole.
 */
const FEEDERS_REMEMBER = 2_000;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { network, watchers, threads, rate, seed, only = /./, onProgress = () => {} } = options;
  const { durationMs = Number.POSITIVE_INFINITY, faults: most = Number.POSITIVE_INFINITY } = options;
  const { token, etcd, authority } = network;
  const { url } = authority;
  const topics = Array.from(
    { length: options.services },
    (_, n): Topic => ({ environment: 'PRODUCTION', service: `service-${n}` }),
  );
  const verdict = createVerdict();
  const { truth, served, written, violations, report, fail } = verdict;
  await writeFirst(url, token, topics, verdict);

  const startedAt = performance.now();
  const random = createRandom(seed);
  const nodes = servingNodes(network);
  const named = nodes.map(node => ({ name: node.name, url: node.url }));
  const crowds = startCrowds({ watchers, threads, nodes: named, topics, token, seed, report, fail });
  verdict.follow(etcd.url, topics, crowds.add);
  const writer = startWriter({ url, token, topics, rate, random: createRandom(seed + 1), written });
  const probes = new Map(nodes.map(node => [node.name, startProbe({ node, token, topics, served, report })]));
  const catchingUp = { network, topic: topics[0]!, crowds, verdict };
  const struck: Struck[] = [];
  let compactedAt = Number.NEGATIVE_INFINITY;

  async function strike(fault: Fault): Promise<void> {
    const { kind, target, strikes, ends, mayReset, empties } = fault;
    const lastedMs = random.between(...fault.lastsMs);
    const done: Struck = { kind, target, atMs: performance.now() - startedAt, lastedMs };
    struck.push(done);
    const asked = strikes.flatMap(({ name }) => probes.get(name) ?? []);
    crowds.allowResets(mayReset || (empties === true && truth.reached - compactedAt < FEEDERS_REMEMBER));
    for (const probe of asked) probe.suspend();
    await fault.strike();
    await pause(lastedMs);
    const healingAt = performance.now();
    await fault.heal();
    if (kind === 'compact') compactedAt = truth.reached;
    for (const probe of asked) probe.resume(ends);
    const after = `${kind} ${target}`;
    await caughtUp(catchingUp, await nextWrite(catchingUp, writer, after), after, () => {
      done.nodesMs = performance.now() - healingAt;
    });
    done.recoveryMs = performance.now() - healingAt;
    crowds.allowResets(false);
    onProgress(struckLine(done));
  }

  try {
    await caughtUp(catchingUp, await nextWrite(catchingUp, writer, 'the beginning'), 'the beginning');
    onProgress(`${watchers} watchers are under way`);
    const possible = listFaults(network, () => truth.reached).filter(({ kind, target }) =>
      only.test(`${kind} ${target}`),
    );
    const drawn = drawFaults(possible, random);
    const isOver = () => performance.now() - startedAt >= durationMs || struck.length >= most;
    while (!isOver() && violations.length === 0) {
      await pause(random.between(500, 1_500));
      await strike(drawn.next().value);
    }
    await writer.stop();
    await caughtUp(catchingUp, await storeRevision(etcd.url), 'the end');
    await judgeDigests(network, verdict);
    await judgeTrail(network, verdict);
    for (const probe of probes.values()) await probe.stop();
    await crowds.close();
    // What was seen may be newer than what the store has told of yet.
    const last = await storeRevision(etcd.url);
    await until(() => truth.reached >= last, { what: 'the store to tell of its last revision' });
    await crowds.end();
    served.end();
    written.end();
  } catch (error) {
    // What was found before may explain it: it must not be lost over it.
    report({
      guarantee: 'Reliable',
      what: `${error instanceof Error ? error.stack : error}`,
      where: 'the run',
    });
  } finally {
    verdict.stop();
    await writer.stop();
    for (const probe of probes.values()) await probe.stop();
    await crowds.terminate();
  }
  const reads = [...probes.values()].reduce((sum, probe) => sum + probe.reads, 0);
  return {
    struck,
    violations,
    tallies: crowds.tallies,
    writes: writer,
    commits: verdict.commits.count,
    reads,
  };
}

/** A key of each service that nobody touches again, so that there is always something to read. */
async function writeFirst(
  url: string,
  token: string,
  topics: readonly Topic[],
  { written }: Verdict,
): Promise<void> {
  const IN_ONE = 20;
  for (let at = 0; at < topics.length; at += IN_ONE) {
    const changes = topics
      .slice(at, at + IN_ONE)
      .map((topic): IntendedChange => ({ ...topic, key: 'anchor', to: 'value', value: 0 }));
    const id = `first-${at}`;
    written.sent(id, changes);
    const { write } = await send({ url, token }, id, changes);
    written.answered(id, write.outcome);
  }
}
