/** A minute in which nothing goes wrong: how long a change takes to arrive, and what the centre does for it. */
import { createHub } from '../../../apps/read-node/src/serve/watch/hub.ts';
import type { CentreLoad } from '../centre-load.ts';
import { createClientDelays } from '../clients.ts';
import { createHistogram } from '../histogram.ts';
import { checkEnd, type Network, startNetwork } from '../network.ts';
import { mustHold, passWithChanges, type Scenario } from '../scenario.ts';
import { DELAY_HEAD, delayRow, type Table } from '../tables.ts';
import { createWatcher } from '../watcher.ts';
import { SERVICES, type World } from '../world.ts';

const SECONDS = 60;

export const steady: Scenario = {
  name: 'steady',
  title: 'A minute without faults',
  run: async (world, size) => {
    const { clock, store, load } = world;
    const toRegion = createHistogram();
    const toNode = createHistogram();
    const clients = createClientDelays(world, size.clients, SECONDS);
    const network = await startNetwork({
      world,
      size,
      onInRegion: revision => {
        if (world.changes.has(revision)) toRegion.add(clock.now() - store.committedAt(revision));
      },
      onApplied: revision => {
        const change = world.changes.get(revision);
        if (change === undefined) return;
        const afterMs = clock.now() - store.committedAt(revision);
        toNode.add(afterMs);
        clients.sent(change, afterMs);
      },
    });
    const feeders = network.regions.length * 2;
    mustHold('a cold start lists once a feeder at the most', load.total('lists') <= feeders);
    const start = loadTable('The centre while every region starts at once, empty', load, load.watches.size, [
      ['milliseconds until every node is ready', clock.now(), '', ''],
    ]);

    const stopBeat = world.beat();
    const watchers = joinHubs(world, network);
    load.reset();
    await passWithChanges(world, network, SECONDS);
    const minute = loadTable('The centre in that minute', load, load.watches.size, []);
    mustHold('without faults nothing is listed', load.total('lists') === 0);
    mustHold(
      'every node has compared what it holds with what a beat says',
      network.nodes.every(({ drift }) => drift.verified !== undefined),
    );
    stopBeat();
    await checkEnd(world, network);
    mustHold(
      'every watcher of a hub knows every change',
      watchers.every(watcher => watcher.isCurrent()),
    );
    mustHold('every client is measured once', clients.delays.count === network.nodes.length * size.clients);

    const delays: Table = {
      caption: 'From the commit in etcd, in milliseconds',
      head: ['to', ...DELAY_HEAD],
      rows: [
        delayRow("a region's Redis", toRegion),
        delayRow("a node's memory", toNode),
        delayRow('a client', clients.delays),
      ],
    };
    return [delays, minute, start];
  },
};

/** The first node of each region gets a hub, with a watcher of each service. */
function joinHubs(world: World, network: Network) {
  return network.regions.flatMap(region => {
    const hub = createHub({ replica: region.nodes[0]!.replica, heartbeatMs: 2_000 });
    return SERVICES.map(service => {
      const watcher = createWatcher({
        world,
        service,
        onClose: () => world.violated('a watcher was closed'),
      });
      const topic = { environment: 'PRODUCTION', service } as const;
      hub.join(watcher, { topic, since: undefined, instanceId: undefined });
      return watcher;
    });
  });
}

/** What was asked of the centre, in all and at its peak. */
function loadTable(
  caption: string,
  load: CentreLoad,
  watches: number,
  more: readonly (readonly (string | number)[])[],
): Table {
  const row = (name: string, work: Parameters<CentreLoad['total']>[0], unit = 1) => [
    name,
    load.total(work) / unit,
    load.perSecond(work) / unit,
    load.peakPerSecond(work) / unit,
  ];
  return {
    caption,
    head: ['', 'in all', 'a second', 'most in a second'],
    rows: [
      ['watches open', watches, '', ''],
      row('events sent', 'events sent'),
      row('kB sent', 'bytes sent', 1_000),
      row('lists', 'lists'),
      row('reads of a key', 'reads'),
      row('watches opened', 'watches opened'),
      ...more,
    ],
  };
}
