/** What a read node is told by its environment. */
import { randomUUID } from 'node:crypto';
import { ENVIRONMENTS, EnvironmentList, RegionName } from '@quantivista/contracts';
import { etcdLoginVariables } from '@quantivista/etcd';
import { port, serviceSettings, settingsSchema, urlList, wholeNumber } from '@quantivista/runtime';
import { secretStoreVariables } from '@quantivista/vault';
import { z } from 'zod';

const ROLES = ['feed', 'serve'] as const;
const MIB = 1024 * 1024;

const origins = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .pipe(
    z.array(
      z.string().refine(text => text === '*' || URL.parse(text)?.origin === text, 'must be an origin, or *'),
    ),
  );

const place = {
  NODE_ID: z
    .string()
    .min(1)
    .optional()
    .transform(id => id ?? randomUUID())
    .describe('Name of this node, within its region its own. Without it: another UUID at each start.'),
  REGION: RegionName.describe('Region of this node: lower case letters, digits and dashes.'),
  ROLES: z
    .string()
    .default('feed,serve')
    .transform(text => text.split(',').map(role => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1))
    .describe(
      "What this node does, separated by commas: feed (bring changes to the region's Redis), serve (answer from memory).",
    ),
  ENVIRONMENTS: EnvironmentList.optional().describe(
    `Environments that are held here, separated by commas: ${ENVIRONMENTS.join(', ')}. Without it: all.`,
  ),
};

const stores = {
  REDIS_URL: z.url().describe("URL of the region's Redis."),
  REDIS_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('File of its password, where it does not stand in the URL.'),
  ETCD_URLS: urlList
    .optional()
    .describe(
      'URLs of the members of etcd, separated by commas. The role feed needs this or FEED_FROM, not both.',
    ),
  ...etcdLoginVariables,
  FEED_FROM: urlList
    .optional()
    .describe('URLs of the nodes of another region, separated by commas, that this one is fed from.'),
  FEED_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File of the token for FEED_FROM, read anew for each request.'),
};

const state = {
  AGING_AFTER_MS: wholeNumber(1)
    .default(5_000)
    .describe('Milliseconds of age from which on the state counts as AGING. A heartbeat comes every second.'),
  STALE_AFTER_MS: wholeNumber(1)
    .default(30_000)
    .describe('Milliseconds of age from which on the state counts as STALE.'),
  SNAPSHOT_PATH: z
    .string()
    .optional()
    .describe('File in which the state is kept for a start without region and centre. Without it: none.'),
  SNAPSHOT_INTERVAL_MS: wholeNumber(10)
    .default(10_000)
    .describe('Milliseconds from one writing of that file to the next, where something has changed.'),
  CHECK_REGION_MS: wholeNumber(100)
    .default(60_000)
    .describe(
      'Milliseconds, about, from one comparison of Redis with what a node of the region holds to the next.',
    ),
  HISTORY_LENGTH: wholeNumber(1)
    .default(10_000)
    .describe('Revisions kept in memory for watchers to resume from.'),
  HISTORY_BYTES: wholeNumber(1_024)
    .default(64 * MIB)
    .describe(
      "Bytes of such revisions: fewer are kept where they would be more, in memory and in the region's Redis.",
    ),
  MAX_WAIT_MS: wholeNumber(0)
    .default(5_000)
    .describe(
      'Milliseconds that a request waits for its `min_revision`, or a stream for the revision of its `since`.',
    ),
};

const reports = {
  PRESENCE_TTL_MS: wholeNumber(300)
    .default(15_000)
    .describe(
      'Milliseconds after which a node that was not heard of is gone from its region. A third of it, and another node makes the reports.',
    ),
  REPORT_LEASE_S: wholeNumber(1)
    .default(30)
    .describe('Seconds after which a region that was not heard of is gone from the centre.'),
  REPORT_INTERVAL_MS: wholeNumber(0)
    .default(1_000)
    .describe('Milliseconds between two reports of a region that nobody waits for, at the least.'),
  IMPRESSIONS: z.enum(['on', 'off']).default('on').describe('Whether evaluations of flags are counted here.'),
  IMPRESSIONS_WINDOW_MS: wholeNumber(100)
    .default(60_000)
    .describe('Milliseconds for which they are counted before a node tells its region.'),
  ACCESS_LOG_WINDOW_MS: wholeNumber(100)
    .default(5_000)
    .describe(
      'Milliseconds for which denials and uses of tokens are gathered before a node tells its region.',
    ),
};

const streams = {
  WATCH_HEARTBEAT_MS: wholeNumber(10)
    .default(2_000)
    .describe('Milliseconds from one heartbeat on a stream to the next.'),
  MAX_WATCHERS: wholeNumber(1)
    .default(50_000)
    .describe('Streams at once, WebSocket and server-sent events together; more are refused with 503.'),
  MAX_ADMISSIONS_PER_S: wholeNumber(1)
    .default(5_000)
    .describe('New streams a second; more are refused with 503.'),
  MAX_CHILDREN: wholeNumber(0)
    .default(64)
    .describe('Nodes of other regions fed from this one at once; more are refused with 503.'),
  STREAM_BUFFER_BYTES: wholeNumber(1_024)
    .default(MIB / 4)
    .describe("Bytes that may wait in a stream's socket before its client counts as slow."),
  STREAM_WRITE_TIMEOUT_MS: wholeNumber(100)
    .default(30_000)
    .describe(
      'Milliseconds in which a slow client must have taken what waits, or a buffer of it; else its stream is closed.',
    ),
  STREAM_BUDGET_BYTES: wholeNumber(1_024)
    .default(256 * MIB)
    .describe(
      'Bytes that may wait in all sockets, those of gRPC reckoned apart; above it the slowest are closed.',
    ),
  MAX_STREAM_AGE_MS: wholeNumber(100)
    .default(30 * 60_000)
    .describe(
      'Milliseconds after which a stream ends, a fifth more or less, so that streams spread over the nodes anew.',
    ),
  STREAM_ORIGINS: origins
    .default([])
    .describe('Origins, separated by commas, whose pages may open streams of configurations; `*`: all.'),
  DRAIN_MS: wholeNumber(0)
    .max(7_000)
    .default(3_000)
    .describe('Milliseconds in which an ending node closes its streams. The whole process has 10 s.'),
  GRPC_PORT: port
    .optional()
    .describe('Port of `flagd.sync.v1`; 0 takes a free one. Without it there is none.'),
  MAX_SYNC_STREAMS: wholeNumber(1)
    .default(5_000)
    .describe('Its streams at once; more are refused with UNAVAILABLE.'),
};

const flags = {
  OFREP_ORIGINS: origins
    .optional()
    .describe(
      'Origins, separated by commas, whose pages may evaluate flags; `*`: all. Without it: all where reads take a token, else none.',
    ),
  OFREP_MAX_BODY_BYTES: wholeNumber(1_024).default(MIB).describe('Bytes of the largest context, as JSON.'),
  OFREP_BODIES_BUDGET_BYTES: wholeNumber(1_024)
    .default(64 * MIB)
    .describe('Bytes of all bodies that are on their way; more are refused with 429.'),
  OFREP_BODY_TIMEOUT_MS: wholeNumber(10)
    .default(10_000)
    .describe('Milliseconds in which a body must be here; else it is refused with 408.'),
};

/** All settings, by the titles that they are shown under. */
export const READ_NODE_SETTINGS = {
  'The node': place,
  ...serviceSettings({ port: 8081, callerRequestsPerS: 20_000 }),
  Stores: stores,
  Secrets: secretStoreVariables,
  State: state,
  Streams: streams,
  Flags: flags,
  'Reports and counts': reports,
};
export const ReadNodeEnvironment = settingsSchema(READ_NODE_SETTINGS);
export type ReadNodeConfig = Readonly<z.infer<typeof ReadNodeEnvironment>>;
