/** Everything that is done to a network, one at a time: what is struck, how it is healed, what it excuses. */
import type { Component } from '../../../infra/stack/component.ts';
import type { Network, Region } from '../../../infra/stack/network.ts';
import { redisCommand } from '../../harness/redis-command.ts';
import { compactStore } from '../oracle.ts';
import type { Random } from '../random.ts';
import type { NamedLink, SoakNetwork } from './network.ts';

export interface Fault {
  readonly kind: 'kill' | 'pause' | 'flush' | 'compact' | 'lose region' | 'cut' | 'half open';
  /** Name of what is struck. */
  readonly target: string;
  /** Nodes of which nothing can be asked meanwhile. */
  readonly strikes: readonly Component[];
  /** Whether those are other processes afterwards. */
  readonly ends: boolean;
  /** Whether watchers may have to begin anew: what they missed is nowhere any more. */
  readonly mayReset: boolean;
  /** Whether a Redis loses what it holds. */
  readonly empties?: boolean;
  /** Shortest and longest time between strike and healing, in milliseconds. */
  readonly lastsMs: readonly [number, number];
  strike(): Promise<void>;
  /** Resolves when what was struck answers again. */
  heal(): Promise<void>;
}

/** Every fault that a network can suffer. */
export function listFaults(network: SoakNetwork, known: () => number): Fault[] {
  const { links, etcd, postgres, authority, regions } = network;
  const nodes = regions.flatMap(region => region.nodes);
  const each = [etcd, postgres, authority, ...regions.map(region => region.redis), ...nodes];
  return [
    ...each.map(target =>
      kill(
        target,
        regions.some(({ redis }) => redis === target),
      ),
    ),
    ...each.map(pause),
    ...regions.map(flush),
    ...regions.flatMap(region => {
      const feeders = region.nodes.filter(node => !region.serving.includes(node));
      return [
        compact(network, feeders.slice(0, 1), 'paused', known),
        compact(network, feeders, 'paused', known),
        compact(network, feeders, 'killed', known),
      ];
    }),
    ...regions.map(loseRegion),
    ...links.map(cut),
    ...links.map(halfOpen),
  ];
}

/** All of them, in an order of chance; then in another. */
export function* drawFaults(faults: readonly Fault[], random: Random): Generator<Fault, never> {
  for (;;) {
    const left = [...faults];
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0]!;
  }
}

const kill = (target: Component, empties: boolean): Fault => ({
  kind: 'kill',
  target: target.name,
  strikes: [target],
  ends: true,
  mayReset: false,
  empties,
  lastsMs: [100, 2_000],
  strike: () => target.kill('SIGKILL'),
  heal: () => target.start(),
});

const pause = (target: Component): Fault => ({
  kind: 'pause',
  target: target.name,
  strikes: [target],
  ends: false,
  mayReset: false,
  lastsMs: [2_000, 5_000],
  strike: async () => target.pause(),
  heal: async () => {
    target.resume();
    await target.ready();
  },
});

/** What the region holds is lost; its feeders and nodes go on. */
const flush = ({ redis }: Region): Fault => ({
  kind: 'flush',
  target: redis.name,
  strikes: [],
  ends: false,
  mayReset: false,
  empties: true,
  lastsMs: [0, 0],
  strike: async () => void (await redisCommand(redis, 'FLUSHALL')),
  heal: async () => {},
});

/**
 * What feeders have missed is forgotten by etcd before they go on. Those that were only paused may still get it
 * from the connection; those that were killed must list.
 */
function compact(
  { etcd, regions }: Network,
  feeders: readonly Component[],
  how: 'paused' | 'killed',
  known: () => number,
): Fault {
  const away = feeders.map(({ name }) => name).join(' and ');
  return {
    kind: 'compact',
    target: `etcd, ${away} ${how}`,
    strikes: feeders,
    ends: how === 'killed',
    // With another feeder, nobody in the region misses anything.
    mayReset: regions.some(({ nodes, serving }) =>
      nodes.every(node => serving.includes(node) || feeders.includes(node)),
    ),
    lastsMs: [500, 2_000],
    strike: async () => {
      if (how === 'killed') await Promise.all(feeders.map(feeder => feeder.kill()));
      else for (const feeder of feeders) feeder.pause();
    },
    heal: async () => {
      await compactStore(etcd.url, known());
      if (how === 'killed') await Promise.all(feeders.map(feeder => feeder.start()));
      else for (const feeder of feeders) feeder.resume();
      await Promise.all(feeders.map(feeder => feeder.ready()));
    },
  };
}

/** Nothing of a node is ended by what befalls its links, and what it holds it serves. */
const broken = (
  kind: 'cut' | 'half open',
  { name, link }: NamedLink,
  lastsMs: Fault['lastsMs'],
  breakIt: () => void,
): Fault => ({
  kind,
  target: name,
  strikes: [],
  ends: false,
  mayReset: false,
  lastsMs,
  strike: async () => breakIt(),
  heal: async () => link.heal(),
});
const cut = (named: NamedLink): Fault => broken('cut', named, [100, 5_000], named.link.cut);
/** Long enough to be noticed on some runs, and not on others. */
const halfOpen = (named: NamedLink): Fault => broken('half open', named, [1_000, 6_000], named.link.hang);

/** Everything of a region at once, its data with it: all of it is disposable. */
const loseRegion = ({ name, redis, nodes }: Region): Fault => ({
  kind: 'lose region',
  target: name,
  strikes: nodes,
  ends: true,
  mayReset: true,
  lastsMs: [100, 2_000],
  strike: async () => {
    await Promise.all([redis, ...nodes].map(each => each.kill('SIGKILL')));
    redis.wipe();
  },
  heal: async () => {
    await redis.start();
    await Promise.all(nodes.map(node => node.start()));
  },
});
