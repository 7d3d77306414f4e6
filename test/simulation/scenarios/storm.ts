/** A region whose clients all come back: their streams cut at one moment, and its nodes away for a while. */
import { createFrontDoor, type FrontDoor } from '../front-door.ts';
import { checkEnd, type Network, type Size, startNetwork } from '../network.ts';
import { mustHold, passWithChanges, type Scenario } from '../scenario.ts';
import { createStormClient, type Manners, type StormClient } from '../storm-client.ts';
import { createStormRecord } from '../storm-record.ts';
import type { World } from '../world.ts';

const AWAY_S = 30;
/** The nodes come back one after the other within so long. */
const RETURN_MS = 10_000;
/** At first the clients come within so long. */
const COMING_MS = 5_000;
const LIMIT_MS = 300_000;
/** A node takes its share of the clients and half as many more. */
const ROOM = 1.5;

export const storm: Scenario = {
  name: 'storm',
  title: "A region's clients all come back",
  run: async (world, size) => {
    const network = await startNetwork({ world, size: { ...size, regions: 1 } });
    const stopBeat = world.beat();
    await passWithChanges(world, network, 5);
    const clients = size.nodes * size.clients;
    const rows: Awaited<ReturnType<typeof weather>>[] = [];
    for (const { name, happen } of events) {
      for (const { says, ...manners } of ways)
        rows.push(await weather({ world, network, size, name: `${name}, ${says}`, manners, happen }));
    }
    stopBeat();
    await checkEnd(world, network);
    return [
      {
        caption: `${clients} clients of ${size.nodes} nodes, each with room for one and a half times its share`,
        head: [
          'what happened',
          'half back after, s',
          '99 % back, s',
          'all back, s',
          'admitted at one node, most in a second',
          'attempts at one node, most in a second',
          'refused with 503',
          'without an answer',
        ],
        rows,
      },
    ];
  },
};

/** Something that takes the streams from the clients; it is over when they could be back. */
type Happening = (storm: {
  readonly world: World;
  readonly network: Network;
  /** The nodes that are there. */
  readonly standing: FrontDoor[];
  readonly clients: readonly StormClient[];
}) => Promise<void>;

const cutAll: Happening = async ({ clients }) => {
  for (const client of clients) client.lose();
};
const nodesAway: Happening = async ({ world, network, standing }) => {
  const doors = standing.splice(0);
  for (const door of doors) door.close();
  await passWithChanges(world, network, AWAY_S);
  doors.forEach((door, at) => {
    world.clock.after((at / doors.length) * RETURN_MS, () => {
      door.open();
      standing.push(door);
    });
  });
};

const events = [
  { name: 'streams cut', happen: cutAll },
  { name: `nodes away ${AWAY_S} s`, happen: nodesAway },
];
const ways: (Manners & { says: string })[] = [
  { says: 'window and jitter', window: true, jitter: true },
  { says: 'neither', window: false, jitter: false },
];

interface Weather {
  readonly world: World;
  readonly network: Network;
  readonly size: Size;
  readonly name: string;
  readonly manners: Manners;
  readonly happen: Happening;
}

/** Bring all clients in, let it happen, and wait until all are back. */
async function weather({ world, network, size, name, manners, happen }: Weather) {
  const { clock } = world;
  const maxWatchers = Math.ceil(size.clients * ROOM);
  const doors = network.nodes.map(({ replica }) => createFrontDoor(world, replica, maxWatchers));
  const standing = [...doors];
  const random = world.random.fork(5);
  const record = createStormRecord(clock.now);
  const clients = Array.from({ length: doors.length * size.clients }, (_, number) =>
    createStormClient({ world, number, standing, manners, record, random }),
  );
  const back = (share: number) => () => record.back >= share * clients.length;
  for (const client of clients) clock.after(random.uniform() * COMING_MS, client.connect);
  await clock.until('all clients to have come', back(1), LIMIT_MS);
  // Until each has heard from its node how long the window is.
  await passWithChanges(world, network, 3);

  await happen({ world, network, standing, clients });
  record.begin();
  const began = clock.now();
  const afterS: number[] = [];
  for (const share of [0.5, 0.99, 1]) {
    await clock.until(`${share} of all clients to be back`, back(share), LIMIT_MS);
    afterS.push((clock.now() - began) / 1_000);
  }
  await passWithChanges(world, network, 3);
  await clock.pass(1_000);
  mustHold(
    'no node takes more than its limit',
    doors.every(({ hub }) => hub.watchers <= maxWatchers),
  );
  mustHold(
    'every client knows every change',
    clients.every(({ watcher }) => watcher.isCurrent()),
  );
  for (const client of clients) client.end();
  for (const door of doors) door.close();
  const { refusals, failures } = record;
  return [name, ...afterS, record.mostAdmitted(), record.mostAttempted(), refusals, failures];
}
