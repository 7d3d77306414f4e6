/** Who is in the region, as far as its Redis can be trusted with it. */
import type { NodeReport, RegionReport } from '@quantivista/contracts';
import type { Presence } from '@quantivista/region';

export interface MembersOptions {
  readonly presence: Presence;
  /** Of the node whose reporter looks. */
  readonly nodeId: string;
  /** So long after its last look a reporter counts as gone; nodes report as often. */
  readonly lockMs: number;
}

export interface Members {
  readonly nodes: readonly NodeReport[];
  readonly children: readonly RegionReport[];
  /** Look again, unless another reporter is at work. @throws ServiceError `store_unavailable` */
  look(): Promise<'mine' | 'another'>;
}

export function createMembers({ presence, nodeId, lockMs }: MembersOptions): Members {
  let nodes: readonly NodeReport[] = [];
  let children: readonly RegionReport[] = [];
  let version: string | undefined;
  let epoch: string | undefined;
  /**
   * Until then who is missing may be there all the same: Redis has lost everything, or could not be told for
   * longer than a node counts as alive. All nodes have reported again by then.
   */
  let incompleteUntil = 0;
  const doubt = () => {
    incompleteUntil = performance.now() + 1.5 * lockMs;
  };

  function merge<T>(before: readonly T[], now: readonly T[], name: (of: T) => string): T[] {
    const present = new Set(now.map(name));
    const all = [...now, ...before.filter(each => !present.has(name(each)))];
    return all.sort((a, b) => (name(a) < name(b) ? -1 : 1));
  }

  return {
    get nodes() {
      return nodes;
    },
    get children() {
      return children;
    },
    look: async () => {
      const gathered = await presence.gather(nodeId, lockMs, version).catch((error: unknown) => {
        if (epoch !== undefined) doubt();
        throw error;
      });
      if (gathered.kind === 'another') {
        [nodes, children, version, epoch] = [[], [], undefined, undefined];
        return 'another';
      }
      if (gathered.kind === 'unchanged') return 'mine';
      if (epoch !== undefined && gathered.epoch !== epoch) doubt();
      ({ epoch } = gathered);
      const complete = performance.now() >= incompleteUntil;
      // What is kept in doubt is looked at anew each time, until there is none.
      version = complete ? gathered.version : undefined;
      nodes = complete ? gathered.nodes : merge(nodes, gathered.nodes, node => node.node_id);
      children = complete ? gathered.children : merge(children, gathered.children, child => child.region);
      return 'mine';
    },
  };
}
