/**
 * What everybody else does meanwhile: reads at a fixed rate, whether the ones before were answered or not, and
 * changes that fifty ordinary watchers wait for.
 */
import { Agent, request } from 'undici';
import { startCrowd } from '../harness/crowd.ts';
import { monotonicMs } from '../harness/monotonic.ts';
import type { TestNetwork } from '../harness/network.ts';
import { type Percentiles, percentiles } from './percentiles.ts';

export interface Window {
  /** Of reads, from when they were due to the last byte, in milliseconds. */
  readonly reads: Percentiles;
  /** Of frames, from the PUT to the last byte at each ordinary watcher. */
  readonly frames: Percentiles;
  /** Reads and changes that were not answered. */
  readonly failed: number;
}

export interface SteadyLoad {
  /** Measure while `work` runs, but for so long at least. */
  during(ms: number, work?: () => Promise<unknown>): Promise<Window>;
  stop(): Promise<void>;
}

export interface SteadyLoadOptions {
  readonly network: TestNetwork;
  /** Reads a second. */
  readonly reads: number;
}

/** A small service with fifty watchers, changed this many times a second. */
const SMALL_CHANGES = 20;
/** A service of large values with one: what a client that does not read is sent a lot of. */
const LARGE_CHANGES = 10;
const LARGE_BYTES = 100_000;
const WATCHERS = 50;

const SMALL = '/api/v1/config/watch/small?environment=PRODUCTION';
export const LARGE = '/api/v1/config/watch/large?environment=PRODUCTION';
/** Not changed: what is measured is the crowd's coming, not a change's way to all of it. */
export const STILL = '/api/v1/config/watch/still?environment=PRODUCTION';

export async function startSteadyLoad({ network, reads }: SteadyLoadOptions): Promise<SteadyLoad> {
  const node = network.serving[0]!;
  const api = network.api(network.authority);
  for (const service of ['small', 'large', 'still']) await api.put(service, 'key', 0);
  const ordinary = startCrowd({ url: node.url, path: SMALL, sockets: WATCHERS });
  const large = startCrowd({ url: node.url, path: LARGE, sockets: 1 });
  await Promise.all([ordinary.allHere(), large.allHere()]);
  const dispatcher = new Agent({ connections: 32 });
  let readTimes: number[] = [];
  let frameTimes: number[] = [];
  const underWay = new Set<Promise<unknown>>();
  let failed = 0;
  const track = (work: Promise<unknown>) => {
    const tracked = work.catch(() => failed++).finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };

  const read = async (dueAt: number) => {
    const answer = await request(`${node.url}/api/v1/config/small/key?environment=PRODUCTION`, {
      dispatcher,
    });
    await answer.body.dump();
    readTimes.push(monotonicMs() - dueAt);
  };
  const change = async (n: number) => {
    const sentAt = monotonicMs();
    const { revision } = await api.put('small', 'key', n);
    for (const at of await ordinary.arrivals(revision)) frameTimes.push(at - sentAt);
  };
  const changeLarge = (n: number) => api.put('large', 'key', String(n).padEnd(LARGE_BYTES, 'x'));

  /** Call `work` so many times a second, counted from now, however long each takes. */
  const paced = (rate: number, work: (dueAt: number, n: number) => Promise<unknown>) => {
    const startedAt = monotonicMs();
    let n = 0;
    return setInterval(() => {
      for (; startedAt + (n * 1_000) / rate <= monotonicMs(); n++)
        track(work(startedAt + (n * 1_000) / rate, n));
    }, 1);
  };
  const timers = [
    paced(reads, read),
    paced(SMALL_CHANGES, (_, n) => change(n)),
    paced(LARGE_CHANGES, (_, n) => changeLarge(n)),
  ];

  return {
    during: async (ms, work = async () => {}) => {
      readTimes = [];
      frameTimes = [];
      failed = 0;
      await Promise.all([work(), new Promise(resolve => setTimeout(resolve, ms))]);
      return { reads: percentiles(readTimes), frames: percentiles(frameTimes), failed };
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(underWay);
      await Promise.all([ordinary.close(), large.close(), dispatcher.close()]);
    },
  };
}
