/** One region is cut off for a minute and comes back: with etcd's history at hand, and with it compacted. */
import { checkEnd, type Network, startNetwork } from '../network.ts';
import type { Region } from '../region.ts';
import { mustHold, passWithChanges, type Scenario, watched } from '../scenario.ts';
import type { World } from '../world.ts';

const CUT_S = 60;

export const cutOff: Scenario = {
  name: 'cut-off',
  title: 'A region cut off for a minute',
  run: async (world, size) => {
    mustHold('there are three regions or more', size.regions >= 3);
    const network = await startNetwork({ world, size });
    const stopBeat = world.beat();
    await passWithChanges(world, network, 5);
    const [covered, compacted] = await cutAndHeal(world, network);
    mustHold('where the history covers the cut nothing is listed', covered.lists === 0);
    mustHold('after a compaction each feeder lists once at the most', compacted.lists <= 2);
    stopBeat();
    await checkEnd(world, network);
    const row = (name: string, { ageMs, state, elsewhereMs, lists, loads, caughtUpMs }: typeof covered) => [
      name,
      ageMs / 1_000,
      state,
      elsewhereMs / 1_000,
      lists,
      loads,
      caughtUpMs,
    ];
    return [
      {
        caption: `Cut off for ${CUT_S} s, with a change each second`,
        head: [
          "etcd's history",
          'age at the end, s',
          'state',
          'greatest age elsewhere, s',
          'lists',
          'states loaded by its nodes',
          'caught up after, ms',
        ],
        rows: [row('covers the cut', covered), row('compacted meanwhile', compacted)],
      },
    ];
  },
};

/** Two regions are cut off; etcd is compacted after the first has come back, and before the second does. */
async function cutAndHeal(world: World, network: Network) {
  const { load, store } = world;
  const [first, second, ...others] = network.regions as [Region, Region, ...Region[]];
  const cut = [first, second];
  const loadsOf = (region: Region) => region.nodes.reduce((sum, node) => sum + node.loads, 0);
  for (const { link } of cut) link.cut();
  let elsewhereMs = 0;
  const look = () => {
    for (const { nodes } of others)
      for (const { replica } of nodes) elsewhereMs = Math.max(elsewhereMs, replica.age.ms());
  };
  await passWithChanges(world, watched(network, look), CUT_S);
  mustHold('the others stay fresh', elsewhereMs < 5_000);

  const heal = async (region: Region) => {
    const { age } = region.nodes[0]!.replica;
    const [ageMs, state] = [age.ms(), age.state()];
    mustHold('the age of a region cut off has grown by the cut', ageMs >= (CUT_S - 2) * 1_000);
    const loadsBefore = loadsOf(region);
    load.reset();
    region.link.heal();
    const caughtUpMs = await network.settle([region]);
    const loads = loadsOf(region) - loadsBefore;
    return { ageMs, state, elsewhereMs, lists: load.total('lists'), loads, caughtUpMs };
  };
  const covered = await heal(first);
  store.compact(store.revision);
  const compacted = await heal(second);
  await passWithChanges(world, network, 5);
  return [covered, compacted] as const;
}
