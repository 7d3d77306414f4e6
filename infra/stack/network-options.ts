/** What a network is to be made of. */
import type { Environment } from '@quantivista/contracts';
import type { Runtime } from './programs.ts';
import type { SecretsKind } from './secrets.ts';

/** Where a region is, if not on this machine's own network. */
export interface Place {
  readonly netns: string;
  /** Its processes listen at this address, and are reached there from here. */
  readonly host: string;
  /** Its nodes reach etcd at this address. */
  readonly etcdHost: string;
}

export interface NetworkOptions {
  /** Data, logs and the token stand below it; it must be there and empty. */
  readonly dir: string;
  /** @default eu-west, us-east */
  readonly regionNames?: readonly string[];
  /** Regions beyond these, fed by one of those before them in place of etcd, or holding some environments alone. */
  readonly moreRegions?: readonly RegionOptions[];
  /** Roles of each node of a region. @default two nodes that feed and serve */
  readonly nodeRoles?: readonly string[];
  /** Of the read nodes, or of each node of a region; the authority runs on Node. @default bun */
  readonly runtime?: Runtime | readonly Runtime[];
  readonly portBase?: number | undefined;
  /** @default open */
  readonly reads?: 'open' | 'token';
  /** Where secrets are kept. @default keyring */
  readonly secrets?: SecretsKind;
  /** TLS on every hop, with certificates of an authority of its own, which this process trusts from then on. @default false */
  readonly tls?: boolean;
  /** The stores let in the users of store-users.ts alone, by passwords. @default they let in everybody */
  readonly storeUsers?: boolean;
  /** How long a login at etcd holds, there. @default etcd's own */
  readonly etcdTokenTtlS?: number;
  /** Beyond it etcd puts nothing more. @default etcd's own */
  readonly etcdQuotaBytes?: number;
  readonly authorityEnv?: Readonly<Record<string, string>>;
  /** Side by side, of the same stores. @default 1 */
  readonly authorityCount?: number;
  readonly nodeEnv?: Readonly<Record<string, string>>;
  /** Give each node a port for flagd's clients. */
  readonly grpc?: boolean;
  /** @default 1 */
  readonly etcdMembers?: number;
  /** Regions that are in a network namespace, by name. */
  readonly places?: Readonly<Record<string, Place>>;
  /** Where a region's nodes are to reach a store, given its URL (etcd: of all members). @default there */
  readonly route?: (url: string, region: string) => string | Promise<string>;
  /** Told of each step that is done, and what it took. */
  readonly onProgress?: (step: string, ms: number) => void;
}

export interface RegionOptions {
  readonly name: string;
  /** Name of the region whose nodes it is fed from. @default etcd */
  readonly fedBy?: string;
  /** @default all */
  readonly environments?: readonly Environment[];
  /** Name of the region whose Redis it shares. @default one of its own */
  readonly redisOf?: string;
}
