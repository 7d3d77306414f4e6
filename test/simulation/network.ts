/** Regions around a centre, brought up from nothing, and what must hold of all of them at the end. */
import { EVERYTHING } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { createEtcdSource } from '../../apps/read-node/src/feed/etcd-source.ts';
import type { Link } from './link.ts';
import type { SimulatedNode } from './node.ts';
import { anyPlace, CENTRE } from './places.ts';
import { createRegion, type Region } from './region.ts';
import { createSimulatedEtcd } from './simulated-etcd.ts';
import { GENERATION, type World } from './world.ts';

/** How much is simulated. */
export interface Size {
  readonly regions: number;
  readonly nodes: number;
  /** Of each node. */
  readonly clients: number;
}

export interface NetworkOptions {
  readonly world: World;
  readonly size: Size;
  /** Longest blocking read of a follower. @default 2000, longer than a beat, so that it rarely runs out */
  readonly blockMs?: number;
  readonly onInRegion?: (revision: number) => void;
  readonly onApplied?: (revision: number) => void;
}

export interface Network {
  readonly regions: readonly Region[];
  readonly nodes: readonly SimulatedNode[];
  /** Let time pass, and check the age of every node each tenth of a second. */
  pass(ms: number): Promise<void>;
  /** Milliseconds until every node of these regions holds what the store holds now. */
  settle(regions?: readonly Region[]): Promise<number>;
}

export const GRACE_MS = 60_000;
const LOOK_MS = 100;

/** A network in which every region is fed by etcd itself, running and settled. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { world, size } = options;
  const random = world.random.fork(3);
  const regions = Array.from({ length: size.regions }, (_, index) =>
    createRegion({
      world,
      index,
      nodes: size.nodes,
      place: anyPlace(random),
      upstream: CENTRE,
      source: fromCentre(world),
      blockMs: options.blockMs ?? 2_000,
      onInRegion: options.onInRegion,
      onApplied: options.onApplied,
    }),
  );
  return startRegions(world, regions);
}

/** etcd as what regions are fed from. */
export const fromCentre =
  ({ clock, store, load }: World) =>
  (link: Link) =>
    createEtcdSource(createSimulatedEtcd({ clock, store, link, load }), EVERYTHING);

export async function startRegions(world: World, regions: readonly Region[]): Promise<Network> {
  const { clock, store } = world;
  const nodes = regions.flatMap(region => region.nodes);
  const network: Network = {
    regions,
    nodes,
    pass: async ms => {
      for (let left = ms; left > 0; left -= LOOK_MS) {
        await clock.pass(Math.min(left, LOOK_MS));
        for (const node of nodes) node.checkAge();
      }
    },
    settle: async (of = regions) => {
      const revision = store.revision;
      const startedAt = clock.now();
      const all = of.flatMap(region => region.nodes);
      let behind = 0;
      const caughtUp = () => {
        while (behind < all.length && all[behind]!.revision >= revision) behind++;
        return behind === all.length;
      };
      await clock.until(`all nodes at revision ${revision}`, caughtUp, GRACE_MS, 10);
      return clock.now() - startedAt;
    },
  };
  for (const region of regions) region.start();
  await network.settle();
  return network;
}

/** Nothing changes any more: every node must come to hold exactly what the store holds. */
export async function checkEnd(world: World, network: Network): Promise<void> {
  const { store } = world;
  await network.settle();
  const expected = buildSnapshot(GENERATION, store.revision, store.stateAt(store.revision)).digest();
  for (const { replica, number, drift } of network.nodes) {
    if (drift.found > 0) world.violated(`node ${number} drifted from what a beat says`);
    const held = replica.current!.snapshot;
    if (held.digest() !== expected || held.revision !== store.revision)
      world.violated(`node ${number} holds another state than the store`);
  }
  for (const region of network.regions) region.stop();
  if (world.violations.length > 0) throw new Error(`violated:\n${world.violations.join('\n')}`);
}
