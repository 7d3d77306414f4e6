/** One region: its link upwards, its Redis, two feeders, and its nodes. */
import { silentLog } from '@quantivista/runtime';
import { createFeeder } from '../../apps/read-node/src/feed/feeder.ts';
import { listStore } from '../../apps/read-node/src/feed/list-store.ts';
import { createRepair } from '../../apps/read-node/src/feed/repair.ts';
import type { Source } from '../../apps/read-node/src/feed/source.ts';
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
  readonly source: (link: Link) => Source;
  readonly blockMs: number;
  readonly onInRegion?: ((revision: number) => void) | undefined;
  readonly onApplied?: ((revision: number) => void) | undefined;
}

export interface Region {
  readonly index: number;
  readonly place: Place;
  readonly link: Link;
  readonly redis: SimulatedRegion;
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

  const feeding = Array.from({ length: FEEDERS }, () => {
    const source = options.source(link);
    const own = { region: redis.writer(local()), log: silentLog };
    return [createFeeder({ source, ...own }), createRepair({ list: () => listStore(source), ...own })];
  }).flat();
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
    nodes,
    start: () => {
      for (const each of feeding) void each.run(stop.signal);
      for (const node of nodes) node.run(stop.signal);
    },
    stop: () => stop.abort(),
  };
}
