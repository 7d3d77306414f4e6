/** What the authority is told by its environment. */
import { etcdLoginVariables } from '@quantivista/etcd';
import { serviceVariables, urlList } from '@quantivista/runtime';
import { secretStoreVariables } from '@quantivista/vault';
import { z } from 'zod';

const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL');

export const AuthorityEnvironment = z.object({
  ...serviceVariables({ port: 8080, callerRequestsPerS: 1_000 }),
  ETCD_URLS: urlList,
  ...etcdLoginVariables,
  /** Of a user who is a member of `quantivista_writer`: it serves as that role. TLS by `?sslmode=verify-full`. */
  POSTGRES_URL: postgresUrl,
  /** Of the user who owns the tables, for migrations; as POSTGRES_URL where not given. */
  POSTGRES_MIGRATE_URL: postgresUrl.optional(),
  /** Files of the passwords, where they do not stand in the URLs. */
  POSTGRES_PASSWORD_FILE: z.string().optional(),
  POSTGRES_MIGRATE_PASSWORD_FILE: z.string().optional(),
  /** Where the first admin token is written (0600), and read from again. */
  ADMIN_TOKEN_FILE: z.string().default('.stack/admin-token'),
  /** Without a store of secrets they are refused. */
  ...secretStoreVariables,
  /** An intent without outcome is left to its writer for so long; must exceed the time a write may take. */
  RECOVER_AFTER_MS: z.coerce.number().int().min(100).default(15_000),
  RECOVER_INTERVAL_MS: z.coerce.number().int().min(10).default(1_000),
  /** What the authority knows by watching etcd is compared with a fresh list about so often. */
  CHECK_LIST_MS: z.coerce.number().int().min(100).default(600_000),
  /** Behind the writes: how often what they left is sealed, and compared with etcd's history. */
  SEAL_INTERVAL_MS: z.coerce.number().int().min(10).default(500),
  RECONCILE_INTERVAL_MS: z.coerce.number().int().min(10).default(500),
  HEARTBEAT_INTERVAL_MS: z.coerce.number().int().min(10).default(1_000),
  /** How often it is looked whether regions have counted evaluations of flags. */
  IMPRESSIONS_INTERVAL_MS: z.coerce.number().int().min(10).default(5_000),
  /** The same, whether their nodes have denied anything. */
  ACCESS_LOG_INTERVAL_MS: z.coerce.number().int().min(10).default(1_000),
  /** How long evaluations are kept by minutes and by hours. In hours, in days. */
  USAGE_MINUTES_KEPT_H: z.coerce.number().int().min(1).default(48),
  USAGE_HOURS_KEPT_D: z.coerce.number().int().min(1).default(90),
  /** How often the trail is looked at for changes to tell of. */
  EVENTS_INTERVAL_MS: z.coerce.number().int().min(10).default(200),
  /** A Redis that gets every event in a stream; none where absent. */
  CENTRE_REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must be a redis:// URL')
    .optional(),
  /** File of its password, where that does not stand in the URL. */
  CENTRE_REDIS_PASSWORD_FILE: z.string().optional(),
  /** The key that seals secrets of webhooks (0600, made where it is missing). @default beside the token's file */
  WEBHOOK_KEY_FILE: z.string().optional(),
  /** Hosts, addresses and networks that webhooks may lead to although they are not public, or by http. */
  WEBHOOK_ALLOW: z
    .string()
    .default('')
    .transform(text => text.split(',').flatMap(part => part.trim() || [])),
  WEBHOOK_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(16),
  WEBHOOK_CONNECT_TIMEOUT_MS: z.coerce.number().int().min(10).default(5_000),
  WEBHOOK_TIMEOUT_MS: z.coerce.number().int().min(10).default(15_000),
  WEBHOOK_FIRST_RETRY_MS: z.coerce.number().int().min(1).default(1_000),
  WEBHOOK_MAX_RETRY_MS: z.coerce.number().int().min(1).default(300_000),
  /** How long an event is tried before it is a dead letter. @default three days */
  WEBHOOK_GIVE_UP_MS: z.coerce.number().int().min(1).default(259_200_000),
  /** For tests: die at this point of a write. */
  FAULT_POINT: z.string().optional(),
});
export type AuthorityConfig = Readonly<z.infer<typeof AuthorityEnvironment>>;
