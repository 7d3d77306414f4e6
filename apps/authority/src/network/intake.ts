/**
 * Takes in what regions hand over of one kind: from its place in etcd into Postgres, and out of etcd. The leader does
 * it; where two do, or one dies between the two steps, Postgres knows what it has by its id.
 */
import type { Etcd, KeyValue } from '@quantivista/etcd';
import { createOutage, type Log, type Metrics, pause } from '@quantivista/runtime';
import type { z } from 'zod';
import type { Leadership } from '../lead/leadership.ts';

export interface IntakeOptions<B> {
  /** As it stands in the names of the metrics. */
  readonly kind: string;
  /** Of the regions' places. */
  readonly prefix: string;
  readonly schema: z.ZodType<B>;
  /** False where it was taken before. */
  take(bundle: B): Promise<boolean>;
  readonly etcd: Pick<Etcd, 'list' | 'txn'>;
  readonly leadership: Pick<Leadership, 'leading'>;
  readonly intervalMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Intake {
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** They may be large: few in one answer of etcd's. */
const PAGE = 16;

export function createIntake<B>(options: IntakeOptions<B>): Intake {
  const { kind, prefix, schema, take, etcd, leadership, intervalMs, metrics, log } = options;
  const counter = (what: string, help: string) => metrics.counter(`qv_${kind}_bundles_${what}_total`, help);
  const taken = counter('taken', 'bundles of regions taken in');
  const repeated = counter('repeated', 'bundles that had been taken in before');
  const refused = counter('refused', 'bundles that were none');

  function parse(value: string): B | undefined {
    try {
      return schema.parse(JSON.parse(value));
    } catch {
      return undefined;
    }
  }

  async function takeIn({ key, value, modRevision }: KeyValue): Promise<void> {
    const bundle = parse(value);
    if (bundle === undefined) {
      // The region could hand over no other while it is there.
      log.error({ key }, 'what a region hands over is not understood: it is thrown away');
      refused.inc();
    } else if (await take(bundle)) taken.inc();
    else repeated.inc();
    await etcd.txn({
      compare: [{ key, target: 'mod', is: modRevision }],
      success: [{ op: 'delete', key }],
    });
  }

  async function round(): Promise<void> {
    const listed = await etcd.list({ prefix, pageSize: PAGE });
    if (listed.kind === 'listed') for (const entry of listed.entries) await takeIn(entry);
  }

  return {
    run: async signal => {
      const outage = createOutage(log, 'what regions hand over waits', { kind });
      while (!signal.aborted) {
        try {
          if (leadership.leading) await round();
          outage.over();
        } catch (error) {
          outage.failed(error);
        }
        await pause(intervalMs, signal);
      }
    },
  };
}
