/**
 * Takes in what regions have counted: from its place in etcd into Postgres, and out of etcd. The leader does it; where
 * two do, or one dies between the two steps, Postgres knows what it has by its id.
 */
import type { FlagUsageTable, UsageKept } from '@quantivista/audit';
import { IMPRESSIONS_PREFIX, ImpressionBundle } from '@quantivista/contracts';
import type { Etcd, KeyValue } from '@quantivista/etcd';
import { type Log, pause } from '@quantivista/runtime';
import type { Leadership } from '../../lead/leadership.ts';

export interface IntakeOptions {
  readonly etcd: Pick<Etcd, 'list' | 'txn'>;
  readonly usage: Pick<FlagUsageTable, 'take' | 'prune'>;
  readonly leadership: Pick<Leadership, 'leading'>;
  readonly kept: UsageKept;
  readonly intervalMs: number;
  readonly log: Log;
}

export interface Intake {
  /** Of this process: bundles taken in, and evaluations within them. */
  readonly bundles: number;
  readonly evaluations: number;
  /** Bundles that were taken in before, and those that were none. */
  readonly repeated: number;
  readonly refused: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const PRUNE_INTERVAL_MS = 600_000;
/** They may be large: few in one answer of etcd's. */
const PAGE = 16;

export function createIntake(options: IntakeOptions): Intake {
  const { etcd, usage, leadership, kept, intervalMs, log } = options;
  let bundles = 0;
  let evaluations = 0;
  let repeated = 0;
  let refused = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;

  async function take({ key, value, modRevision }: KeyValue): Promise<void> {
    const bundle = parse(value);
    if (bundle === undefined) {
      // The region could hand over no other while it is there.
      log.error({ key }, 'what a region says it has counted is not understood: it is thrown away');
      refused++;
    } else if (await usage.take(bundle)) {
      bundles++;
      evaluations += evaluationsOf(bundle);
    } else repeated++;
    await etcd.txn({
      compare: [{ key, target: 'mod', is: modRevision }],
      success: [{ op: 'delete', key }],
    });
  }

  async function round(): Promise<void> {
    const listed = await etcd.list({ prefix: IMPRESSIONS_PREFIX, pageSize: PAGE });
    if (listed.kind === 'listed') for (const entry of listed.entries) await take(entry);
    if (performance.now() - prunedAt < PRUNE_INTERVAL_MS) return;
    await usage.prune(kept);
    prunedAt = performance.now();
  }

  return {
    get bundles() {
      return bundles;
    },
    get evaluations() {
      return evaluations;
    },
    get repeated() {
      return repeated;
    },
    get refused() {
      return refused;
    },
    run: async signal => {
      let failing = false;
      while (!signal.aborted) {
        try {
          if (leadership.leading) await round();
          failing = false;
        } catch (error) {
          if (!failing) log.warn({ err: error }, 'what regions have counted waits');
          failing = true;
        }
        await pause(intervalMs, signal);
      }
    },
  };
}

function parse(value: string): ImpressionBundle | undefined {
  try {
    return ImpressionBundle.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}

const evaluationsOf = ({ windows }: ImpressionBundle): number =>
  windows
    .flatMap(({ flags, other }) => [other, ...Object.values(flags).flatMap(of => Object.values(of))])
    .reduce((sum, count) => sum + count, 0);
