/**
 * Users of the stores, each with the least that its processes do there: what docs/store-users.md tells to make, made of
 * the same lists.
 */
import {
  accessLogKey,
  DISTRIBUTED_PREFIX,
  EVERYTHING_PREFIX,
  impressionsKey,
  regionInstancesKey,
  regionKey,
} from '@quantivista/contracts';

export const AUTHORITY_USER = 'quantivista-authority';
export const feederUser = (region: string): string => `quantivista-feeder-${region}`;
export const nodeUser = (region: string): string => `quantivista-node-${region}`;

/** What a role of etcd may: a key, or all keys that begin so. */
export interface EtcdGrant {
  readonly may: 'read' | 'readwrite';
  readonly key: string;
  readonly prefix?: true;
}

/** One range, and not its two folders: the watch that it follows all of them by needs a grant that covers it. */
export const AUTHORITY_GRANTS: readonly EtcdGrant[] = [
  { may: 'readwrite', key: EVERYTHING_PREFIX, prefix: true },
];

/**
 * A region's feeders read what is distributed, and put what they report of their region, and of the regions that are fed
 * from it: keys by their whole names, since the names of regions may begin alike.
 */
export const feederGrants = (regions: readonly string[]): readonly EtcdGrant[] => [
  { may: 'read', key: DISTRIBUTED_PREFIX, prefix: true },
  ...regions
    .flatMap(region => [
      regionKey(region),
      regionInstancesKey(region),
      impressionsKey(region),
      accessLogKey(region),
    ])
    .map((key): EtcdGrant => ({ may: 'readwrite', key })),
];

/** As the commands of `etcdctl`: a role and a user of the same name. It asks for the password. */
export const etcdctlCommands = (user: string, grants: readonly EtcdGrant[]): string[] => [
  `etcdctl role add ${user}`,
  ...grants.map(
    ({ may, key, prefix }) =>
      `etcdctl role grant-permission ${user} ${may} ${key}${prefix ? ' --prefix' : ''}`,
  ),
  `etcdctl user add ${user}`,
  `etcdctl user grant-role ${user} ${user}`,
];

/** What the driver sends (packages/region), its rules, and ioredis as it connects. */
const NODE_COMMANDS = [
  ...['get', 'set', 'del', 'unlink', 'exists', 'expire', 'persist', 'rename', 'time'],
  ...['hget', 'hset', 'hdel', 'hmget', 'hgetall', 'hscan', 'hkeys', 'hlen', 'hexists', 'hincrby'],
  ...['zadd', 'zrem', 'zrangebyscore', 'xadd', 'xread', 'xrange', 'xrevrange'],
  ...['multi', 'exec', 'eval', 'evalsha', 'ping', 'info'],
];
const CENTRE_COMMANDS = ['exists', 'xadd', 'xinfo', 'xrevrange', 'eval', 'ping', 'info'];

const aclRule = (patterns: readonly string[], commands: readonly string[]): string =>
  ['resetkeys', ...patterns.map(pattern => `~${pattern}`), 'resetchannels', '-@all']
    .concat(commands.map(command => `+${command}`))
    .join(' ');

/** Nodes of a region, those that hold some environments alone among them: its keys, and no others. */
export const nodeAcl = (region: string): string =>
  aclRule([`{qv:${region}}:*`, `{qv:${region}@*}:*`], NODE_COMMANDS);

/** The authority, at the centre's Redis. */
export const CENTRE_ACL = aclRule(['{qv:centre}:events'], CENTRE_COMMANDS);
