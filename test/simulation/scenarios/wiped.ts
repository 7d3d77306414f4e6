/** The Redis of every tenth region loses everything at one moment. */
import { checkEnd, startNetwork } from '../network.ts';
import { mustHold, passWithChanges, type Scenario, watched } from '../scenario.ts';

export const wiped: Scenario = {
  name: 'wiped',
  title: 'The Redis of every tenth region wiped at once',
  run: async (world, size) => {
    const { clock, load } = world;
    // The product's own: it decides how soon a node sees that its stream is another one.
    const network = await startNetwork({ world, size, blockMs: 500 });
    const stopBeat = world.beat();
    await passWithChanges(world, network, 5);
    const affected = network.regions.filter(({ index }) => index % 10 === 0);
    const nodes = affected.flatMap(region => region.nodes);
    const loadsOf = () => nodes.reduce((sum, node) => sum + node.loads, 0);
    const loadsBefore = loadsOf();

    load.reset();
    for (const { redis } of affected) redis.wipe();
    const wipedAt = clock.now();
    let oldestMs = 0;
    const look = () => {
      for (const { replica } of nodes) oldestMs = Math.max(oldestMs, replica.age.ms());
    };
    const filled = () => {
      look();
      return affected.every(({ redis }) => redis.state().revision !== undefined);
    };
    await clock.until('every region to be filled again', filled, 30_000);
    const filledMs = clock.now() - wipedAt;
    await network.settle(affected);
    const settledMs = clock.now() - wipedAt;
    await passWithChanges(world, watched(network, look), 10);
    mustHold('each feeder of a wiped region lists once', load.total('lists') <= 2 * affected.length);
    stopBeat();
    await checkEnd(world, network);
    return [
      {
        caption: `${affected.length} of ${network.regions.length} regions wiped`,
        head: [
          'lists',
          'lists, most in a second',
          'kB sent, most in a second',
          'all filled again after, ms',
          'their nodes current after, ms',
          'states loaded by their nodes',
          'greatest age at them, s',
        ],
        rows: [
          [
            load.total('lists'),
            load.peakPerSecond('lists'),
            load.peakPerSecond('bytes sent') / 1_000,
            filledMs,
            settledMs,
            loadsOf() - loadsBefore,
            oldestMs / 1_000,
          ],
        ],
      },
    ];
  },
};
