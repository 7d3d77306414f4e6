/** One change, followed from the PUT to every node and to a watcher in the other region. */
import type { Configuration, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import { WebSocket } from 'ws';
import type { Network } from './network.ts';
import { until } from './until.ts';

const LIMIT_MS = 10_000;
const SERVICE = 'risk_engine';
const KEY = 'max_position';
const PATH = `/api/v1/config/${SERVICE}/${KEY}?environment=PRODUCTION`;

/** Milliseconds since the PUT was sent. */
export interface Arrival {
  readonly node: string;
  readonly ms: number;
}

export interface Demonstration {
  readonly revision: number;
  /** When the PUT was acknowledged. */
  readonly acknowledgedMs: number;
  /** When each node answered a read with the new value, earliest first. */
  readonly arrivals: readonly Arrival[];
  /** The node that was watched: the first of the last region. */
  readonly watched: string;
  readonly frameMs: number;
  readonly frame: UpdateFrame;
}

/** @throws where a node or the watcher has not got the change after 10 s */
export async function demonstrate(network: Network): Promise<Demonstration> {
  const watched = network.regions.at(-1)!.serving[0]!;
  const headers = { authorization: `Bearer ${network.token}` };
  const watcher = await watch(watched.url, headers);
  try {
    const { config_value } = await read(network.authority.url, headers);
    // What has just started runs its code for the first time: one change goes ahead, unmeasured.
    const ahead = await write(network.authority.url, headers, Number(config_value) + 1);
    await until(() => watcher.update(ahead), { what: 'the change that goes ahead', timeoutMs: LIMIT_MS });
    const newValue = Number(config_value) + 2;
    const sentAt = performance.now();
    const since = () => performance.now() - sentAt;
    const nodes = network.regions.flatMap(region => region.serving);
    // The readers run while the PUT is under way: a node may have the change before the PUT is answered.
    const [written, ...arrivals] = await Promise.all([
      write(network.authority.url, headers, newValue).then(revision => ({ revision, ms: since() })),
      ...nodes.map(async node => {
        await until(async () => (await read(node.url, headers)).config_value === newValue, {
          what: `${node.name} to have ${KEY} = ${newValue}`,
          timeoutMs: LIMIT_MS,
          intervalMs: 1,
        });
        return { node: node.name, ms: since() };
      }),
    ]);
    const { frame, at } = await until(() => watcher.update(written.revision), {
      what: `the watcher at ${watched.name} to be told of revision ${written.revision}`,
      timeoutMs: LIMIT_MS,
      intervalMs: 1,
    });
    return {
      revision: written.revision,
      acknowledgedMs: written.ms,
      arrivals: arrivals.sort((a, b) => a.ms - b.ms),
      watched: watched.name,
      frameMs: at - sentAt,
      frame,
    };
  } finally {
    watcher.close();
  }
}

type Headers = Readonly<Record<string, string>>;

/** A watcher that has been given its snapshot. */
async function watch(url: string, headers: Headers) {
  const frames: { frame: WatchFrame; at: number }[] = [];
  const address = `${url.replace(/^http/, 'ws')}/api/v1/config/watch/${SERVICE}?environment=PRODUCTION`;
  const socket = new WebSocket(address, { headers });
  let failure: Error | undefined;
  socket.on('error', error => {
    failure = error;
  });
  socket.on('message', data => {
    frames.push({ frame: JSON.parse(String(data)) as WatchFrame, at: performance.now() });
  });
  await until(
    () => {
      if (failure) throw failure;
      return frames.some(({ frame }) => frame.type === 'snapshot');
    },
    { what: `a snapshot from ${url}`, timeoutMs: LIMIT_MS },
  );
  return {
    update: (revision: number): { frame: UpdateFrame; at: number } | undefined => {
      for (const { frame, at } of frames) {
        if (frame.type === 'update' && frame.revision === revision) return { frame, at };
      }
      return undefined;
    },
    close: () => socket.terminate(),
  };
}

async function read(url: string, headers: Headers): Promise<Configuration> {
  const response = await fetch(url + PATH, { headers, signal: AbortSignal.timeout(2_000) });
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${await response.text()}`);
  return (await response.json()) as Configuration;
}

/** Answers the revision. */
async function write(url: string, headers: Headers, newValue: number): Promise<number> {
  const response = await fetch(url + PATH, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ new_value: newValue, reason: 'demonstration' }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${await response.text()}`);
  return Number(response.headers.get('x-config-revision'));
}
