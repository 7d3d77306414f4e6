/**
 * What the leading authority does about events: it makes them, and delivers them. It ends all of it when it does
 * not lead any more. One that has not noticed yet may repeat what another one delivers, never put it into
 * another order: what it saves is refused.
 */
import type { Audit } from '@quantivista/audit';
import type { Webhook } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { EventStream } from '@quantivista/region';
import { type Log, pause } from '@quantivista/runtime';
import type { Leadership } from '../lead/leadership.ts';
import { runCentre } from './centre.ts';
import type { DeliveryLimits } from './consumer.ts';
import { listWebhooks, runConsumers, webhookConsumer } from './consumers.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import type { EventMaker } from './event-maker.ts';
import type { Messenger } from './messenger.ts';

export interface DeliveryOptions {
  readonly etcd: Etcd;
  readonly audit: Pick<Audit, 'events' | 'deliveries'>;
  readonly leadership: Pick<Leadership, 'leading'>;
  readonly maker: EventMaker;
  readonly messenger: Messenger;
  /** A Redis at the centre; `undefined` for none. */
  readonly stream: EventStream | undefined;
  readonly metrics: DeliveryMetrics;
  readonly log: Log;
  readonly limits: DeliveryLimits;
  readonly disable: (webhook: Webhook) => Promise<void>;
}

export interface Delivery {
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const LOOK_MS = 50;
const MEASURE_MS = 5_000;

export function createDelivery(options: DeliveryOptions): Delivery {
  const { etcd, audit, leadership, maker, stream, metrics, log, limits } = options;

  async function measure(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const names = (await listWebhooks(etcd)).map(({ name }) => name);
        await metrics.measure(new Map(names.map(name => [name, webhookConsumer(name)])), audit);
      } catch (error) {
        log.debug({ err: error }, 'the webhooks are not measured');
      }
      await pause(MEASURE_MS, signal);
    }
    await metrics.measure(new Map(), audit).catch(() => {});
  }

  /** All that is done while this authority leads. */
  async function lead(signal: AbortSignal): Promise<void> {
    const term = new AbortController();
    const work = [
      maker.run(term.signal),
      runConsumers(options, term.signal),
      measure(term.signal),
      ...(stream ? [runCentre({ audit, stream, log, pollMs: limits.pollMs }, term.signal)] : []),
    ];
    while (leadership.leading && !signal.aborted) await pause(LOOK_MS, signal);
    term.abort();
    await Promise.all(work);
  }

  return {
    run: async signal => {
      while (!signal.aborted) {
        if (leadership.leading) await lead(signal);
        await pause(LOOK_MS, signal);
      }
    },
  };
}
