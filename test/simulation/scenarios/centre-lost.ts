/** All regions lose etcd for half a minute, and come back to it at once. */
import { checkEnd, GRACE_MS, startNetwork } from '../network.ts';
import { mustHold, passWithChanges, type Scenario } from '../scenario.ts';

const LOST_S = 30;

export const centreLost: Scenario = {
  name: 'centre-lost',
  title: 'All regions without etcd for half a minute',
  run: async (world, size) => {
    const { clock, load, store } = world;
    const network = await startNetwork({ world, size });
    const feeders = network.regions.length * 2;
    const stopBeat = world.beat();
    await passWithChanges(world, network, 5);

    async function lose(name: string, away: () => void, back: () => void) {
      away();
      await passWithChanges(world, network, LOST_S);
      const isOld = network.nodes.every(({ replica }) => replica.age.ms() > (LOST_S - 2) * 1_000);
      mustHold('every node goes on serving, and says how old its state is', isOld);
      load.reset();
      back();
      const backAt = clock.now();
      const isFresh = () => network.nodes.every(({ replica }) => replica.age.state() === 'FRESH');
      await clock.until('every node to be fresh again', isFresh, GRACE_MS);
      const freshMs = clock.now() - backAt;
      await passWithChanges(world, network, 10);
      mustHold('nothing is listed: the history covers the time', load.total('lists') === 0);
      mustHold('each feeder comes back once', load.total('watches opened') <= feeders);
      return [
        name,
        load.total('reads'),
        load.peakPerSecond('reads'),
        load.peakPerSecond('watches opened'),
        load.peakPerSecond('events sent'),
        load.total('lists'),
        freshMs,
      ];
    }
    const rows = [
      await lose(
        'the links swallow everything',
        () => network.regions.forEach(({ link }) => void link.cut()),
        () => network.regions.forEach(({ link }) => void link.heal()),
      ),
      await lose('etcd is not there: refused at once', store.stop, store.start),
    ];
    stopBeat();
    await checkEnd(world, network);
    return [
      {
        caption: `${feeders} feeders back after ${LOST_S} s`,
        head: [
          'how etcd was lost',
          'reads',
          'reads, most in a second',
          'watches opened, most in a second',
          'events sent, most in a second',
          'lists',
          'all nodes fresh after, ms',
        ],
        rows,
      },
    ];
  },
};
