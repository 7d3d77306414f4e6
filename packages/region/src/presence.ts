/** Who is in a region: its nodes with their reports, and the regions that are fed from it with theirs. */
import type { NodeReport, RegionReport } from '@quantivista/contracts';
import {
  closeRedis,
  connectRedis,
  type RedisAddress,
  type RegionOptions,
  unavailable,
} from './connection.ts';
import { presenceKeys } from './keys.ts';
import { GATHER, PUT, RELEASE, REMOVE } from './presence-rules.ts';

export type Gathered =
  /** Another reporter is at work. */
  | { readonly kind: 'another' }
  /** Nobody has reported since the version that was seen, and all of them are alive. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'members';
      readonly version: string;
      /** Another one than before where Redis has lost what it held; '' until somebody reports. */
      readonly epoch: string;
      readonly nodes: readonly NodeReport[];
      readonly children: readonly RegionReport[];
    };

/** Every call throws ServiceError `store_unavailable` where Redis does not answer. */
export interface Presence {
  /** The node is there, for `ttlMs` from now. */
  putNode(report: NodeReport, ttlMs: number): Promise<void>;
  /** The node ends. */
  removeNode(nodeId: string): Promise<void>;
  /** Nodes that are there. */
  nodes(): Promise<readonly NodeReport[]>;
  /** The report of a region that is fed from this one: passed on for `ttlMs` from now. */
  putChildReport(report: RegionReport, ttlMs: number): Promise<void>;
  removeChildReport(region: string): Promise<void>;
  childReports(): Promise<readonly RegionReport[]>;
  /**
   * All that is there, for the reporter `id`, which is the only one for `lockMs` from now. That saves work
   * and is no lock to rely on: a process that was paused may go on believing it.
   */
  gather(id: string, lockMs: number, seen: string | undefined): Promise<Gathered>;
  /** Let another reporter go on at once. */
  release(id: string): Promise<void>;
  close(): void;
}

const NODE = 'node:';
const REGION = 'region:';

export function createPresence({
  region,
  ...address
}: RedisAddress & Pick<RegionOptions, 'region'>): Presence {
  const redis = connectRedis(address, 5_000);
  const { members, until, version, reporter } = presenceKeys(region);
  const rules = { qvPut: PUT, qvRemove: REMOVE, qvGather: GATHER, qvRelease: RELEASE };
  for (const [name, lua] of Object.entries(rules)) redis.defineCommand(name, { numberOfKeys: 4, lua });
  const call = async <T>(name: keyof typeof rules, ...args: string[]): Promise<T> => {
    const commands = redis as unknown as Record<string, (...all: string[]) => Promise<T>>;
    return commands[name]!(members, until, version, reporter, ...args).catch(unavailable);
  };

  async function gather(id: string, lockMs: number, seen: string | undefined): Promise<Gathered> {
    const [kind, newest, fields] = await call<[Gathered['kind'], string, string[]]>(
      'qvGather',
      id,
      String(lockMs),
      seen ?? 'none',
    );
    if (kind !== 'members') return { kind };
    const nodes: NodeReport[] = [];
    const children: RegionReport[] = [];
    for (let at = 0; at < fields.length; at += 2) {
      const report: unknown = JSON.parse(fields[at + 1]!);
      if (fields[at]!.startsWith(NODE)) nodes.push(report as NodeReport);
      else children.push(report as RegionReport);
    }
    // A hash has no order, and a report that is the same must look the same.
    nodes.sort((a, b) => (a.node_id < b.node_id ? -1 : 1));
    return { kind, version: newest, epoch: newest.split('/')[0]!, nodes, children };
  }
  async function readAll() {
    const read = await gather('', 0, undefined);
    return read.kind === 'members' ? read : { nodes: [], children: [] };
  }

  return {
    putNode: (report, ttlMs) => call('qvPut', NODE + report.node_id, JSON.stringify(report), String(ttlMs)),
    removeNode: nodeId => call('qvRemove', NODE + nodeId),
    nodes: async () => (await readAll()).nodes,
    putChildReport: (report, ttlMs) =>
      call('qvPut', REGION + report.region, JSON.stringify(report), String(ttlMs)),
    removeChildReport: child => call('qvRemove', REGION + child),
    childReports: async () => (await readAll()).children,
    gather,
    release: id => call('qvRelease', id),
    close: () => closeRedis(redis),
  };
}
