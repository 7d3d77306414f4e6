/** The numbers of events and their delivery. Lag and dead letters are known to the one who delivers. */
import type { Audit } from '@quantivista/audit';
import type { Metrics } from '@quantivista/runtime';
import type { Received } from './sender.ts';

export interface DeliveryMetrics {
  attempted(webhook: string, received: Received, dead: boolean): void;
  /** Ask the database how far the webhooks are; none where this authority does not deliver. */
  measure(consumers: ReadonlyMap<string, string>, audit: Pick<Audit, 'events' | 'deliveries'>): Promise<void>;
}

export function createDeliveryMetrics(metrics: Metrics): DeliveryMetrics {
  const attempts = metrics.counter('qv_webhook_attempts_total', 'attempts to deliver an event', [
    'webhook',
    'result',
  ]);
  const given = metrics.counter('qv_webhook_dead_letters_total', 'events given up', ['webhook']);
  const seconds = metrics.histogram(
    'qv_webhook_attempt_seconds',
    'from sending an event to its answer',
    [0.005, 0.02, 0.1, 0.5, 1, 5, 10, 30],
  );
  let lag: readonly (readonly [string, number])[] = [];
  let dead: readonly (readonly [string, number])[] = [];
  metrics.observedBy('qv_webhook_lag', 'events that a webhook was not told of yet', 'webhook', () => lag);
  metrics.observedBy('qv_webhook_dead_letters', 'dead letters that are kept', 'webhook', () => dead);

  return {
    attempted: (webhook, received, isDead) => {
      attempts.inc({ webhook, result: received.delivered ? 'delivered' : 'failed' });
      seconds.observe(received.durationMs / 1_000);
      if (isDead) given.inc({ webhook });
    },
    measure: async (consumers, audit) => {
      const last = await audit.events.last();
      const rows = await Promise.all(
        [...consumers].map(async ([webhook, consumer]) => {
          const status = await audit.deliveries.status(consumer);
          return { webhook, status };
        }),
      );
      const known = rows.flatMap(({ webhook, status }) => (status ? [{ webhook, status }] : []));
      lag = known.map(({ webhook, status }) => [webhook, last - status.sequence + status.waiting]);
      dead = known.map(({ webhook, status }) => [webhook, status.dead]);
    },
  };
}
