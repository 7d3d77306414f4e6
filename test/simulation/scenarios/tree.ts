/** A twentieth of the regions is fed by etcd and feeds the others, against all of them fed by etcd. */
import { EVERYTHING } from '@quantivista/contracts';
import { createParentSource } from '../../../apps/read-node/src/feed/parent-source.ts';
import { createParent, type Parent } from '../../../apps/read-node/src/serve/feed/parent.ts';
import { createHistogram } from '../histogram.ts';
import type { Link } from '../link.ts';
import { checkEnd, fromCentre, type Network, startNetwork, startRegions } from '../network.ts';
import type { SimulatedNode } from '../node.ts';
import { createParentLink } from '../parent-link.ts';
import { anyPlace, CENTRE, distance, type Place } from '../places.ts';
import { createRegion, type Region } from '../region.ts';
import { mustHold, passWithChanges, type Scenario } from '../scenario.ts';
import { DELAY_HEAD, delayRow, type Table } from '../tables.ts';

const SECONDS = 20;

export const tree: Scenario = {
  name: 'tree',
  title: 'A tree of regions',
  run: async (world, size) => {
    const { clock, store, load } = world;
    const places = world.random.fork(3);
    const firstTier = Math.max(1, Math.round(size.regions / 20));
    let delays = createHistogram();
    const observe = (revision: number) => {
      if (world.changes.has(revision)) delays.add(clock.now() - store.committedAt(revision));
    };

    async function measure(name: string, start: () => Promise<Network>) {
      load.reset();
      delays = createHistogram();
      const network = await start();
      const listsAtStart = load.total('lists');
      delays = createHistogram();
      load.reset();
      const stopBeat = world.beat();
      await passWithChanges(world, network, SECONDS);
      const perSecond = [load.perSecond('events sent'), load.perSecond('bytes sent') / 1_000];
      const watches = load.watches.size;
      stopBeat();
      await checkEnd(world, network);
      mustHold('a stopped network watches nothing', store.watchers.size === 0);
      return {
        delays: delayRow(name, delays),
        centre: [name, listsAtStart, ...perSecond, watches],
        watches,
      };
    }

    const direct = await measure('all directly', () => startNetwork({ world, size, onApplied: observe }));

    const inTree = await measure(`${firstTier} directly, the others by them`, () => {
      const common = { world, nodes: size.nodes, blockMs: 2_000, onApplied: observe };
      const firstTierRegions: ParentRegion[] = [];
      const regions = Array.from({ length: size.regions }, (_, index) => {
        const place = anyPlace(places);
        if (index >= firstTier) {
          const { region, parents } = nearest(firstTierRegions, place);
          const source = (link: Link) =>
            createParentSource({ parents: parents.map(parent => createParentLink(parent, link)) });
          return createRegion({ ...common, index, place, upstream: region.place, source });
        }
        const region = createRegion({ ...common, index, place, upstream: CENTRE, source: fromCentre(world) });
        firstTierRegions.push({ region, parents: region.nodes.map(parentOf) });
        return region;
      });
      return startRegions(world, regions);
    });
    mustHold('only the first tier watches etcd', inTree.watches === 2 * firstTier);

    return [
      {
        caption: "From the commit in etcd to a node's memory, in milliseconds",
        head: ['regions fed', ...DELAY_HEAD],
        rows: [direct.delays, inTree.delays],
      },
      {
        caption: 'The centre',
        head: ['regions fed', 'lists at the start', 'events a second', 'kB a second', 'watches open'],
        rows: [direct.centre, inTree.centre],
      },
    ] satisfies Table[];
  },
};

interface ParentRegion {
  readonly region: Region;
  /** Its nodes, as parents. */
  readonly parents: readonly Parent[];
}

const parentOf = ({ number, replica }: SimulatedNode): Parent =>
  createParent({
    region: 'parent',
    nodeId: `node-${number}`,
    replica,
    scope: EVERYTHING,
    maxChildren: 64,
    pingMs: 500,
  });

const nearest = (regions: readonly ParentRegion[], place: Place): ParentRegion => {
  const away = ({ region }: ParentRegion) => distance(region.place, place);
  return regions.reduce((best, each) => (away(each) < away(best) ? each : best));
};
