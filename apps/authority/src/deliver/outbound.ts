/** Everything about events, put together as the environment wants it. */
import { dirname, join } from 'node:path';
import type { Audit } from '@quantivista/audit';
import type { Webhook } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createEventStream } from '@quantivista/region';
import { type Certificates, type Log, type Metrics, passwordFile } from '@quantivista/runtime';
import type { z } from 'zod';
import type { AuthorityEnvironment } from '../config.ts';
import type { Leadership } from '../lead/leadership.ts';
import type { Regions } from '../network/regions.ts';
import type { Writer } from '../write/commit.ts';
import { disableWebhook } from '../write/webhook.ts';
import { lookupAll } from './connector.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { createDeliveryMetrics } from './delivery-metrics.ts';
import { createEventMaker } from './event-maker.ts';
import { createMessenger, type Messenger } from './messenger.ts';
import { createSigningSecrets, type SigningSecrets } from './signing-secrets.ts';
import { createTargets } from './targets.ts';

export interface OutboundOptions {
  readonly config: Readonly<z.output<typeof AuthorityEnvironment>>;
  /** Of this process, for the centre's Redis. */
  readonly certificates: Certificates;
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly writer: Writer;
  readonly regions: Regions;
  readonly leadership: Leadership;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Outbound {
  readonly delivery: Delivery;
  /** What the endpoints of webhooks need. */
  readonly webhooks: {
    readonly messenger: Messenger;
    readonly secrets: SigningSecrets;
    /** How long an event is tried. */
    readonly giveUpMs: number;
  };
  close(): Promise<void>;
}

const GONE = 'its receiver answered 410 Gone';

export function createOutbound(options: OutboundOptions): Outbound {
  const { config, certificates, etcd, audit, writer, regions, leadership, metrics, log } = options;
  const keyFile = config.WEBHOOK_KEY_FILE ?? join(dirname(config.ADMIN_TOKEN_FILE), 'webhook-key');
  const secrets = createSigningSecrets(audit.sealedSecrets, keyFile);
  const messenger = createMessenger({
    secrets,
    targets: createTargets(config.WEBHOOK_ALLOW),
    lookup: lookupAll,
    connectTimeoutMs: config.WEBHOOK_CONNECT_TIMEOUT_MS,
    timeoutMs: config.WEBHOOK_TIMEOUT_MS,
  });
  const { CENTRE_REDIS_URL: url, EVENTS_INTERVAL_MS: intervalMs } = config;
  const password = passwordFile(config.CENTRE_REDIS_PASSWORD_FILE);
  const stream = url === undefined ? undefined : createEventStream({ url, password, certificates });
  const maker = createEventMaker({ events: audit.events, regions, log, intervalMs });
  metrics.observed('qv_events_made_total', 'events made of the trail', () => maker.made);

  const disable = async (webhook: Webhook): Promise<void> => {
    const changes = [disableWebhook(webhook, GONE)];
    await writer.write({ changes, actor: 'authority', reason: GONE, rollbackAvailable: false });
  };
  const delivery = createDelivery({
    etcd,
    audit,
    leadership,
    maker,
    messenger,
    stream,
    metrics: createDeliveryMetrics(metrics),
    log,
    limits: {
      concurrency: config.WEBHOOK_CONCURRENCY,
      firstRetryMs: config.WEBHOOK_FIRST_RETRY_MS,
      maxRetryMs: config.WEBHOOK_MAX_RETRY_MS,
      giveUpMs: config.WEBHOOK_GIVE_UP_MS,
      pollMs: intervalMs,
    },
    disable,
  });
  return {
    delivery,
    webhooks: { messenger, secrets, giveUpMs: config.WEBHOOK_GIVE_UP_MS },
    close: async () => {
      stream?.close();
      await messenger.close();
    },
  };
}
