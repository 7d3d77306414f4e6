/**
 * What everybody else does meanwhile: reads at a fixed rate, whether the ones before were answered or not, and
 * changes that fifty ordinary watchers wait for.
 */
import { startCrowd } from '../harness/crowd.ts';
import { monotonicMs } from '../harness/monotonic.ts';
import type { TestNetwork } from '../harness/network.ts';
import { startPaced, startPacedReads } from './paced.ts';

/** What was seen for a while; times in milliseconds. */
export interface Window {
  /** Of reads, from when they were due to the last byte. */
  readonly reads: readonly number[];
  /** Of frames, from the PUT to the last byte at each ordinary watcher. */
  readonly frames: readonly number[];
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
  let frameTimes: number[] = [];
  const change = async (n: number) => {
    const sentAt = monotonicMs();
    const { revision } = await api.put('small', 'key', n);
    for (const at of await ordinary.arrivals(revision)) frameTimes.push(at - sentAt);
  };
  const changeLarge = (n: number) => api.put('large', 'key', String(n).padEnd(LARGE_BYTES, 'x'));

  const timedReads = startPacedReads(`${node.url}/api/v1/config/small/key?environment=PRODUCTION`, reads);
  const all = [
    timedReads,
    startPaced(SMALL_CHANGES, (_, n) => change(n)),
    startPaced(LARGE_CHANGES, (_, n) => changeLarge(n)),
  ];
  const takeFailed = () => all.reduce((sum, each) => sum + each.takeFailed(), 0);

  return {
    during: async (ms, work = async () => {}) => {
      timedReads.takeTimes();
      frameTimes = [];
      takeFailed();
      await Promise.all([work(), new Promise(resolve => setTimeout(resolve, ms))]);
      return { reads: timedReads.takeTimes(), frames: frameTimes, failed: takeFailed() };
    },
    stop: async () => {
      await Promise.all(all.map(each => each.stop()));
      await Promise.all([ordinary.close(), large.close()]);
    },
  };
}
