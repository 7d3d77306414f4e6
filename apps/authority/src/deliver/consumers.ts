/** One consumer a webhook that is enabled: started, ended and started anew as the webhooks are changed. */
import type { Audit } from '@quantivista/audit';
import { WEBHOOKS_PREFIX, type Webhook } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createBackoff, createOutage, type Log, pause } from '@quantivista/runtime';
import { consume, type DeliveryLimits } from './consumer.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import type { Messenger } from './messenger.ts';

export const webhookConsumer = (name: string): string => `webhook:${name}`;

export interface ConsumersOptions {
  readonly etcd: Etcd;
  readonly audit: Pick<Audit, 'events' | 'deliveries'>;
  readonly messenger: Messenger;
  readonly metrics: DeliveryMetrics;
  readonly log: Log;
  readonly limits: DeliveryLimits;
  /** The receiver has answered that it wants no more. */
  readonly disable: (webhook: Webhook) => Promise<void>;
}

interface Running {
  readonly version: number;
  readonly ending: AbortController;
  readonly ended: Promise<void>;
}

const LIST_MS = 1_000;

/** All webhooks, by name. @throws ServiceError `store_unavailable` */
export async function listWebhooks(etcd: Etcd): Promise<Webhook[]> {
  const listed = await etcd.list({ prefix: WEBHOOKS_PREFIX });
  return listed.kind === 'listed' ? listed.entries.map(({ value }) => JSON.parse(value) as Webhook) : [];
}

/** Deliver to all webhooks until `signal` aborts. Never throws. */
export async function runConsumers(options: ConsumersOptions, signal: AbortSignal): Promise<void> {
  const { etcd, audit, messenger, metrics, log, limits, disable } = options;
  const running = new Map<string, Running>();

  /** Until it is told to end, or the receiver is gone. */
  async function keepConsuming(webhook: Webhook, ending: AbortSignal): Promise<void> {
    const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
    const { name } = webhook;
    const outage = createOutage(log, 'delivery is interrupted', { webhook: name });
    while (!ending.aborted) {
      const startedAt = Date.now();
      try {
        const end = await consume(
          {
            name: webhookConsumer(name),
            webhook,
            events: audit.events,
            deliveries: audit.deliveries,
            limits,
            send: (event, stop) => messenger.send(webhook, event, stop),
            onAttempt: (received, dead) => {
              metrics.attempted(name, received, dead);
              if (received.delivered) outage.over();
            },
            onIdle: outage.over,
            onGone: () => disable(webhook),
          },
          ending,
        );
        if (end === 'gone') {
          log.warn({ webhook: name }, 'a webhook is gone: it was disabled');
          return;
        }
        log.debug({ webhook: name, end }, 'delivery ended');
      } catch (error) {
        outage.failed(error);
      }
      if (Date.now() - startedAt > 5_000) backoff.reset();
      await pause(backoff.next(), ending);
    }
  }

  function start(webhook: Webhook): void {
    const ending = new AbortController();
    const ended = keepConsuming(webhook, ending.signal);
    running.set(webhook.name, { version: webhook.version, ending, ended });
  }

  async function end(name: string): Promise<void> {
    const { ending, ended } = running.get(name)!;
    ending.abort();
    await ended;
    running.delete(name);
  }

  while (!signal.aborted) {
    try {
      const wanted = new Map(
        (await listWebhooks(etcd)).filter(({ enabled }) => enabled).map(each => [each.name, each]),
      );
      const changed = [...running].filter(([name, { version }]) => wanted.get(name)?.version !== version);
      await Promise.all(changed.map(([name]) => end(name)));
      if (signal.aborted) break;
      for (const webhook of wanted.values()) if (!running.has(webhook.name)) start(webhook);
    } catch (error) {
      log.debug({ err: error }, 'the webhooks are not listed');
    }
    await pause(LIST_MS, signal);
  }
  await Promise.all([...running.keys()].map(end));
}
