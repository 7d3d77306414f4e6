/**
 * I1, I2 and I3 on a real network: thousands of changes while every process is killed in turn, and not one
 * guarantee broken in what was recorded. SEED repeats the choices made, CHANGES sets the number of changes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { type Network, startNetwork } from '../../infra/stack/network.ts';
import { until } from '../../infra/stack/until.ts';
import { check } from './check.ts';
import { etcdDigest } from './etcd-digest.ts';
import { killInTurn, servingNodes } from './faults.ts';
import type { History, IntendedChange, Topic } from './history.ts';
import { readStore, storeRevision } from './oracle.ts';
import { createRandom } from './random.ts';
import { readService, startReader } from './readers.ts';
import { type RecordingWatcher, startWatcher } from './recording-watcher.ts';
import { startSdkReader } from './sdk-reader.ts';
import { createTruth, type Truth } from './truth.ts';
import { startWriters } from './writers.ts';

const CHANGES = Number(process.env.CHANGES ?? 5_000);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const WATCHERS = 20;
const TOPICS = ['accounts', 'limits', 'orders', 'pricing', 'risk', 'trading'].map(
  (service): Topic => ({ environment: 'PRODUCTION', service }),
);

interface Status {
  readonly generation: string;
  readonly revision: number;
  readonly digest: string;
  readonly drift: { readonly found: number; readonly region_found: number };
}

test('every process is killed in turn, and every guarantee holds', { timeout: 300_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'guarantees-'));
  const network = await startNetwork({
    dir,
    nodeRoles: ['feed', 'feed', 'serve', 'serve'],
    // Both runtimes in each role: what one sends, watchers resume at the other.
    runtime: ['bun', 'node', 'bun', 'node'],
    reads: 'token',
    nodeEnv: { CHECK_REGION_MS: '500', OPEN_ENDPOINTS: 'status' },
  });
  try {
    await run(network);
  } finally {
    await network.stop();
    rmSync(dir, { recursive: true, force: true });
  }
});

async function run(network: Network): Promise<void> {
  const { token, etcd, authority } = network;
  const random = createRandom(SEED);
  const nodes = servingNodes(network);
  const watchers = Array.from({ length: WATCHERS }, (_, n) => {
    const topic = TOPICS[n % TOPICS.length]!;
    return startWatcher({ id: `watcher-${n}`, topic, nodes, token, random: createRandom(SEED + n + 1) });
  });
  const services = TOPICS.map((topic, n) => {
    const urls = nodes.map(({ url }) => url);
    // Each has another node nearest.
    const nearestFirst = [...urls.slice(n % urls.length), ...urls.slice(0, n % urls.length)];
    return startSdkReader({ name: `service-${n}`, topic, nodes: nearestFirst, token });
  });
  const readers = new Map(
    nodes.map(({ name, url }) => [name, startReader({ node: name, url, token, topics: TOPICS })]),
  );
  const writers = startWriters({ url: authority.url, token, topics: TOPICS, random });
  try {
    const allRead = () => [...readers.values()].every(({ lives }) => lives.at(-1)!.reads.length > 0);
    const allUnderWay = () => allRead() && [...watchers, ...services].every(({ reached }) => reached > 0);
    await until(allUnderWay, { what: 'every reader, watcher and service to begin' });
    const killed = await killInTurn({
      network,
      topics: TOPICS,
      writers,
      readers,
      random: createRandom(SEED),
    });
    await until(() => writers.changed >= CHANGES, { what: `${CHANGES} changes`, timeoutMs: 120_000 });
    await writers.stop();

    await until(allRead, { what: 'every node to be read again' });
    const last = await storeRevision(etcd.url);
    await until(() => [...watchers, ...services].every(({ reached }) => reached >= last), {
      what: 'every watcher and service to reach the end',
    });
    const statuses = await statusesAfter(nodes, last);
    const reads = await Promise.all(
      nodes.flatMap(node => TOPICS.map(topic => readService(node.url, token, topic, last))),
    );
    for (const reader of readers.values()) await reader.stop();
    for (const each of [...watchers, ...services]) each.stop();

    const history: History = {
      generation: statuses[0]!.generation,
      store: await readStore(etcd.url),
      writes: writers.writes,
      watchers: watchers.map(watcher => watcher.history),
      // A service is told of states as a reader is.
      lives: [...[...readers.values()].flatMap(reader => reader.lives), ...services.map(({ life }) => life)],
    };
    const truth = createTruth(history.store);
    console.log(summary(history, truth, watchers, killed));

    const digest = await etcdDigest(etcd.url);
    expect(statuses.map(status => status.digest)).toEqual(statuses.map(() => digest));
    expect(statuses.map(({ drift }) => drift.found + drift.region_found)).toEqual(statuses.map(() => 0));
    for (const read of reads) expect(isDeepStrictEqual(read.map, truth.values(read.topic, last))).toBe(true);
    expect(resets(history)).toEqual([]);
    expect(check(history)).toEqual([]);
    // Or the run has proven nothing.
    expect(watchers.every(watcher => watcher.resumed > 0)).toBe(true);
    expect(history.lives.every(life => life.reads.length > 0)).toBe(true);
  } finally {
    await writers.stop();
    for (const reader of readers.values()) await reader.stop();
    for (const each of [...watchers, ...services]) each.stop();
  }
}

/** What each node says of itself once it has reached `revision`: no write is under way, so digests agree. */
async function statusesAfter(
  nodes: readonly { url: string; name: string }[],
  revision: number,
): Promise<Status[]> {
  return Promise.all(
    nodes.map(({ url, name }) =>
      until(
        async () => {
          const status = (await (await fetch(`${url}/status`)).json()) as Status;
          return status.revision >= revision ? status : undefined;
        },
        { what: `${name} to reach ${revision}` },
      ),
    ),
  );
}

/** Streams retain enough to resume from: none may have had to start over. */
const resets = ({ watchers }: History) =>
  watchers.flatMap(({ id, events }) =>
    events.flatMap(event =>
      event.kind === 'frame' && event.frame.type === 'reset'
        ? [`${id} from ${event.node}: ${event.frame.reason}`]
        : [],
    ),
  );

function summary(
  { writes, lives }: History,
  { commits, last }: Truth,
  watchers: readonly RecordingWatcher[],
  killed: readonly string[],
): string {
  const outcomes = Map.groupBy(writes, write => write.outcome.kind);
  const count = (kind: 'acknowledged' | 'refused' | 'unknown') => outcomes.get(kind)?.length ?? 0;
  const acknowledged = (outcomes.get('acknowledged') ?? []).flatMap(write => write.changes);
  const kind = (to: IntendedChange['to']) => acknowledged.filter(change => change.to === to).length;
  const changes = commits.reduce((sum, commit) => sum + commit.changes.length, 0);
  const frames = watchers.reduce((sum, watcher) => sum + watcher.history.events.length, 0);
  const resumed = watchers.reduce((sum, watcher) => sum + watcher.resumed, 0);
  const gapMs = Math.max(...watchers.map(watcher => watcher.longestGapMs));
  const reads = lives.reduce((sum, life) => sum + life.reads.length, 0);
  return [
    `seed ${SEED}: ${changes} changes in ${commits.length} commits, store at revision ${last}`,
    `writes: ${count('acknowledged')} acknowledged, ${count('refused')} refused, ${count('unknown')} unknown`,
    `of the keys acknowledged: ${kind('value')} set, ${kind('nothing')} deleted, ${kind('version')} rolled back`,
    `killed and restarted: ${killed.join(', ')}`,
    `${watchers.length} watchers: ${frames} frames, ${resumed} resumptions, longest gap ${Math.round(gapMs)} ms`,
    `${reads} reads in ${lives.length} lives of ${new Set(lives.map(life => life.node)).size} nodes`,
  ].join('\n');
}
