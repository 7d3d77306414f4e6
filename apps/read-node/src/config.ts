/** What a read node is told by its environment. */
import { randomUUID } from 'node:crypto';
import { logLevel, port, readAccess, urlList } from '@quantivista/runtime';
import { z } from 'zod';

const ROLES = ['feed', 'serve'] as const;

const roles = z
  .string()
  .default('feed,serve')
  .transform(text => text.split(',').map(role => role.trim()))
  .pipe(z.array(z.enum(ROLES)).min(1));

export const ReadNodeEnvironment = z.object({
  HOST: z.string().default('127.0.0.1'),
  /** 0 takes a free one. */
  PORT: port.default(8081),
  NODE_ID: z
    .string()
    .min(1)
    .default(() => randomUUID()),
  REGION: z.string().regex(/^[a-z0-9-]+$/),
  REDIS_URL: z.url(),
  /** Needed by the role `feed` alone. */
  ETCD_URLS: urlList.optional(),
  ROLES: roles,
  READS: readAccess,
  LOG_LEVEL: logLevel,
  /** Beats come every second; from these ages on the state counts as AGING and as STALE. */
  AGING_AFTER_MS: z.coerce.number().int().min(1).default(5_000),
  STALE_AFTER_MS: z.coerce.number().int().min(1).default(30_000),
  /** Revisions kept for watchers to resume from. */
  HISTORY_LENGTH: z.coerce.number().int().min(1).default(10_000),
  /** Longest wait for a `min_revision` or for the revision of a `since`. */
  MAX_WAIT_MS: z.coerce.number().int().min(0).default(5_000),
  WATCH_HEARTBEAT_MS: z.coerce.number().int().min(10).default(2_000),
  /** A node that was not heard of for so long is gone from its region, a third of it a reporter. */
  PRESENCE_TTL_MS: z.coerce.number().int().min(300).default(15_000),
  /** A region that was not heard of for so long is gone from the centre. In seconds. */
  REPORT_LEASE_S: z.coerce.number().int().min(1).default(30),
  /** Shortest time between two reports of a region that nobody waits for. */
  REPORT_INTERVAL_MS: z.coerce.number().int().min(0).default(1_000),
  /** Sockets at once; more are refused with 503. */
  MAX_WATCHERS: z.coerce.number().int().min(1).default(50_000),
});
export type ReadNodeConfig = Readonly<z.infer<typeof ReadNodeEnvironment>>;
