/** What the authority is told by its environment. */
import { etcdLoginVariables } from '@quantivista/etcd';
import { serviceSettings, settingsSchema, urlList, wholeNumber } from '@quantivista/runtime';
import { secretStoreVariables } from '@quantivista/vault';
import { z } from 'zod';

const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL');

const stores = {
  ETCD_URLS: urlList.describe('URLs of the members of etcd, separated by commas.'),
  ...etcdLoginVariables,
  POSTGRES_URL: postgresUrl.describe(
    'URL of Postgres, of a user who is a member of `quantivista_writer`: it serves as that role. TLS by `?sslmode=verify-full`.',
  ),
  POSTGRES_MIGRATE_URL: postgresUrl
    .optional()
    .describe(
      'URL of the same database, of the user who owns the tables, for migrations at the start. Without it: POSTGRES_URL.',
    ),
  POSTGRES_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('File of the password for POSTGRES_URL, where it does not stand there.'),
  POSTGRES_MIGRATE_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('File of the password for POSTGRES_MIGRATE_URL, where it does not stand there.'),
  ADMIN_TOKEN_FILE: z
    .string()
    .default('.stack/admin-token')
    .describe(
      'File of the first admin token, which is made where there is neither a file nor any token (0600), and read again at each start. Authorities of one store must have the same.',
    ),
};

const behindWrites = {
  RECOVER_AFTER_MS: wholeNumber(100)
    .default(15_000)
    .describe(
      'Milliseconds for which an intent without an outcome is left to its writer; must exceed the time that a write may take.',
    ),
  RECOVER_INTERVAL_MS: wholeNumber(10)
    .default(1_000)
    .describe('Milliseconds from one look for such intents to the next.'),
  CHECK_LIST_MS: wholeNumber(100)
    .default(600_000)
    .describe(
      'Milliseconds from one comparison to the next of what is known by watching etcd with a fresh list of it.',
    ),
  SEAL_INTERVAL_MS: wholeNumber(10)
    .default(500)
    .describe('Milliseconds from one sealing of new rows of the trail to the next.'),
  RECONCILE_INTERVAL_MS: wholeNumber(10)
    .default(500)
    .describe("Milliseconds from one comparison of etcd's history with the trail to the next."),
  HEARTBEAT_INTERVAL_MS: wholeNumber(10)
    .default(1_000)
    .describe('Milliseconds from one heartbeat to the next. Each is a revision of etcd.'),
};

const regions = {
  IMPRESSIONS_INTERVAL_MS: wholeNumber(10)
    .default(5_000)
    .describe('Milliseconds from one look for what regions have counted of flags to the next.'),
  ACCESS_LOG_INTERVAL_MS: wholeNumber(10)
    .default(1_000)
    .describe('Milliseconds from one look for what their nodes have denied to the next.'),
  USAGE_MINUTES_KEPT_H: wholeNumber(1)
    .default(48)
    .describe('Hours for which evaluations are kept by the minute.'),
  USAGE_HOURS_KEPT_D: wholeNumber(1).default(90).describe('Days for which evaluations are kept by the hour.'),
};

const events = {
  EVENTS_INTERVAL_MS: wholeNumber(10)
    .default(200)
    .describe('Milliseconds from one look at the trail for changes to tell of to the next.'),
  CENTRE_REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must be a redis:// URL')
    .optional()
    .describe('URL of a Redis that gets every event in a stream. Without it there is none.'),
  CENTRE_REDIS_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('File of its password, where it does not stand in the URL.'),
  WEBHOOK_KEY_FILE: z
    .string()
    .optional()
    .describe(
      "File of the key that seals the secrets of webhooks, made where it is missing (0600). Authorities of one store must have the same. Without it: `webhook-key` beside the admin token's file.",
    ),
  WEBHOOK_ALLOW: z
    .string()
    .default('')
    .transform(text => text.split(',').flatMap(part => part.trim() || []))
    .describe(
      'Hosts, addresses and networks (10.0.0.0/8), separated by commas, that webhooks may lead to although they are not public, or by http.',
    ),
  WEBHOOK_CONCURRENCY: wholeNumber(1).max(256).default(16).describe('Requests at once to one webhook.'),
  WEBHOOK_CONNECT_TIMEOUT_MS: wholeNumber(10)
    .default(5_000)
    .describe("Milliseconds to connect to a webhook's receiver."),
  WEBHOOK_TIMEOUT_MS: wholeNumber(10)
    .default(15_000)
    .describe('Milliseconds for one attempt to deliver an event.'),
  WEBHOOK_FIRST_RETRY_MS: wholeNumber(1)
    .default(1_000)
    .describe('Milliseconds until an event is tried a second time, at the most; doubled with each attempt.'),
  WEBHOOK_MAX_RETRY_MS: wholeNumber(1)
    .default(300_000)
    .describe('Milliseconds from one attempt to the next, at the most.'),
  WEBHOOK_GIVE_UP_MS: wholeNumber(1)
    .default(259_200_000)
    .describe('Milliseconds for which an event is tried before it is a dead letter.'),
};

/** All settings, by the titles that they are shown under. */
export const AUTHORITY_SETTINGS = {
  ...serviceSettings({ port: 8080, callerRequestsPerS: 1_000 }),
  Stores: stores,
  Secrets: secretStoreVariables,
  'Behind the writes': behindWrites,
  'What regions count': regions,
  Events: events,
  Tests: {
    FAULT_POINT: z
      .string()
      .optional()
      .describe('For tests alone: the point of a write at which the process kills itself.'),
  },
};
export const AuthorityEnvironment = settingsSchema(AUTHORITY_SETTINGS);
export type AuthorityConfig = Readonly<z.infer<typeof AuthorityEnvironment>>;
