/** One region: its link upwards, its Redis, two feeders, and its nodes. */
import type { Etcd } from '@quantivista/etcd';
import { silentLog } from '@quantivista/runtime';
import { createFeeder, type Feeder } from '../../apps/read-node/src/feed/feeder.ts';
import { EVENT } from './event-log.ts';
import { createLink, type Link } from './link.ts';
import { createNode, type SimulatedNode } from './node.ts';
import { localArea, type Place, wideArea } from './places.ts';
import { createSimulatedRegion, type SimulatedRegion } from './simulated-region.ts';
import type { World } from './world.ts';

export interface RegionOptions {
  readonly world: World;
  readonly index: number;
  readonly nodes: number;
  readonly place: Place;
  /** Where what feeds it stands. */
  readonly upstream: Place;
  /** What its feeders are fed from, over the region's link. */
  readonly source: (link: Link) => Etcd;
  readonly blockMs: number;
  readonly onInRegion?: ((revision: number) => void) | undefined;
  readonly onApplied?: ((revision: number) => void) | undefined;
}

export interface Region {
  readonly index: number;
  readonly place: Place;
  readonly link: Link;
  readonly redis: SimulatedRegion;
  readonly feeders: readonly Feeder[];
  readonly nodes: readonly SimulatedNode[];
  start(): void;
  stop(): void;
}

const FEEDERS = 2;

export function createRegion(options: RegionOptions): Region {
  const { world, index, place, blockMs, onInRegion, onApplied } = options;
  const { clock } = world;
  const random = world.random.fork(1_000 + index);
  const stop = new AbortController();
  const link = createLink({ clock, random, profile: wideArea(options.upstream, place) });
  const redis = createSimulatedRegion({
    blockMs,
    onApplied: revision => {
      world.events.add(EVENT.inRegion, index, revision);
      onInRegion?.(revision);
    },
  });
  const local = () => createLink({ clock, random, profile: localArea(random) });

  const feeders = Array.from({ length: FEEDERS }, () =>
    createFeeder({ etcd: options.source(link), region: redis.writer(local()), log: silentLog }),
  );
  const nodes = Array.from({ length: options.nodes }, (_, at) =>
    createNode({
      world,
      reader: redis.reader(local()),
      number: index * options.nodes + at,
      onApplied: revision => onApplied?.(revision),
    }),
  );
  return {
    index,
    place,
    link,
    redis,
    feeders,
    nodes,
    start: () => {
      for (const feeder of feeders) void feeder.run(stop.signal);
      for (const node of nodes) node.run(stop.signal);
    },
    stop: () => stop.abort(),
  };
}
