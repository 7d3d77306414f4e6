/** What a read node is told by its environment. */
import { randomUUID } from 'node:crypto';
import { EnvironmentList, RegionName } from '@quantivista/contracts';
import { etcdLoginVariables } from '@quantivista/etcd';
import { port, serviceVariables, urlList } from '@quantivista/runtime';
import { secretStoreVariables } from '@quantivista/vault';
import { z } from 'zod';

const ROLES = ['feed', 'serve'] as const;

const roles = z
  .string()
  .default('feed,serve')
  .transform(text => text.split(',').map(role => role.trim()))
  .pipe(z.array(z.enum(ROLES)).min(1));

const origins = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .pipe(
    z.array(
      z.string().refine(text => text === '*' || URL.parse(text)?.origin === text, 'must be an origin, or *'),
    ),
  );

export const ReadNodeEnvironment = z.object({
  ...serviceVariables({ port: 8081, callerRequestsPerS: 20_000 }),
  /** Of `flagd.sync.v1`: 0 takes a free one; without it there is none. */
  GRPC_PORT: port.optional(),
  /** Its streams at once; more are refused with UNAVAILABLE. */
  MAX_SYNC_STREAMS: z.coerce.number().int().min(1).default(5_000),
  NODE_ID: z
    .string()
    .min(1)
    .default(() => randomUUID()),
  REGION: RegionName,
  REDIS_URL: z.url(),
  /** File of its password, where that does not stand in the URL. */
  REDIS_PASSWORD_FILE: z.string().optional(),
  /** The role `feed` needs one of these two: etcd itself, or nodes of a region that is nearer to it. */
  ETCD_URLS: urlList.optional(),
  ...etcdLoginVariables,
  FEED_FROM: urlList.optional(),
  /** Holds the token for FEED_FROM; read anew for each request. */
  FEED_TOKEN_FILE: z.string().optional(),
  /** Held here; all without it. */
  ENVIRONMENTS: EnvironmentList.optional(),
  ROLES: roles,
  /** As the authority has it; without a store of secrets they are shown to nobody. */
  ...secretStoreVariables,
  /** Beats come every second; from these ages on the state counts as AGING and as STALE. */
  AGING_AFTER_MS: z.coerce.number().int().min(1).default(5_000),
  STALE_AFTER_MS: z.coerce.number().int().min(1).default(30_000),
  /** Where the state is kept for a start without region and centre; not kept without it. */
  SNAPSHOT_PATH: z.string().optional(),
  SNAPSHOT_INTERVAL_MS: z.coerce.number().int().min(10).default(10_000),
  /** About so often one node of the region compares Redis with what it holds. */
  CHECK_REGION_MS: z.coerce.number().int().min(100).default(60_000),
  /** Revisions kept for watchers to resume from. */
  HISTORY_LENGTH: z.coerce.number().int().min(1).default(10_000),
  /** Fewer, where they would be more than this: in memory, and in the region's Redis. */
  HISTORY_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(64 * 1024 * 1024),
  /** Longest wait for a `min_revision` or for the revision of a `since`. */
  MAX_WAIT_MS: z.coerce.number().int().min(0).default(5_000),
  WATCH_HEARTBEAT_MS: z.coerce.number().int().min(10).default(2_000),
  /** Nodes of other regions fed from this one at once; more are refused with 503. */
  MAX_CHILDREN: z.coerce.number().int().min(0).default(64),
  /** A node that was not heard of for so long is gone from its region, a third of it a reporter. */
  PRESENCE_TTL_MS: z.coerce.number().int().min(300).default(15_000),
  /** A region that was not heard of for so long is gone from the centre. In seconds. */
  REPORT_LEASE_S: z.coerce.number().int().min(1).default(30),
  /** Shortest time between two reports of a region that nobody waits for. */
  REPORT_INTERVAL_MS: z.coerce.number().int().min(0).default(1_000),
  /** Whether evaluations of flags are counted; and for how long before a node tells its region. */
  IMPRESSIONS: z.enum(['on', 'off']).default('on'),
  IMPRESSIONS_WINDOW_MS: z.coerce.number().int().min(100).default(60_000),
  /** For how long what was denied is gathered before a node tells its region. */
  ACCESS_LOG_WINDOW_MS: z.coerce.number().int().min(100).default(5_000),
  /** Streams at once, and new ones a second; more are refused with 503. */
  MAX_WATCHERS: z.coerce.number().int().min(1).default(50_000),
  MAX_ADMISSIONS_PER_S: z.coerce.number().int().min(1).default(5_000),
  /** What may wait in a stream's socket before its client counts as slow. */
  STREAM_BUFFER_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(256 * 1024),
  /** How long it may wait. */
  STREAM_WRITE_TIMEOUT_MS: z.coerce.number().int().min(100).default(30_000),
  /** What may wait in all sockets; above it the slowest are closed. */
  STREAM_BUDGET_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(256 * 1024 * 1024),
  /** Streams end after this, by a fifth more or less, so that they spread over the nodes anew. */
  MAX_STREAM_AGE_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(30 * 60_000),
  /** Pages of these origins may open streams of configurations, `*`: of all. */
  STREAM_ORIGINS: origins.default([]),
  /** Pages of these origins may evaluate flags, `*`: of all. All without it where reads take a token, else none. */
  OFREP_ORIGINS: origins.optional(),
  /** Largest context that is taken, as JSON. */
  OFREP_MAX_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(1024 * 1024),
  /** Room for all bodies that are on their way; more are refused with 429. */
  OFREP_BODIES_BUDGET_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .default(64 * 1024 * 1024),
  /** A body that is not here after this is refused with 408. */
  OFREP_BODY_TIMEOUT_MS: z.coerce.number().int().min(10).default(10_000),
  /** Time in which the streams of an ending node are closed; the process's own limit is 10 s. */
  DRAIN_MS: z.coerce.number().int().min(0).max(7_000).default(3_000),
});
export type ReadNodeConfig = Readonly<z.infer<typeof ReadNodeEnvironment>>;
