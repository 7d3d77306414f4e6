/** Gives every intent that lost its writer an outcome. Any number of authorities may do it at once. */
import type { Audit, Outcome, PendingIntent } from '@quantivista/audit';
import { GENERATION_KEY } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { type Log, pause } from '@quantivista/runtime';
import { resolveOperation } from '../write/resolve.ts';
import { sweepMarkers } from './sweep.ts';

export interface RecoveryOptions {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly log: Log;
  readonly afterMs: number;
  readonly intervalMs: number;
}

export interface Recovery {
  /** Intents given an outcome by this process. */
  readonly recovered: number;
  run(signal: AbortSignal): Promise<void>;
}

const SWEEP_INTERVAL_MS = 60 * 60 * 1_000;

export function createRecovery({ etcd, audit, log, afterMs, intervalMs }: RecoveryOptions): Recovery {
  let recovered = 0;

  async function decide(intent: PendingIntent, generation: string): Promise<Outcome> {
    // Markers are gone with their store: what happened in another life can't be known any more.
    if (intent.generation !== generation) return { status: 'unknown' };
    return resolveOperation(etcd, intent.id);
  }

  async function round(): Promise<void> {
    const pending = await audit.pendingIntents(afterMs);
    if (pending.length === 0) return;
    const { entries } = await etcd.read([GENERATION_KEY]);
    const generation = entries[0]?.value;
    if (generation === undefined) return;
    for (const intent of pending) {
      const outcome = await decide(intent, generation);
      if (!(await audit.recordOutcome(intent.id, outcome))) continue;
      recovered++;
      log.warn({ intent: intent.id, ...outcome }, 'an operation was recovered');
    }
  }

  return {
    get recovered() {
      return recovered;
    },
    run: async signal => {
      let sweptAt = 0;
      while (!signal.aborted) {
        try {
          await round();
          if (Date.now() - sweptAt > SWEEP_INTERVAL_MS) {
            await sweepMarkers(etcd, audit);
            sweptAt = Date.now();
          }
        } catch (error) {
          log.debug({ err: error }, 'recovery waits');
        }
        await pause(intervalMs, signal);
      }
    },
  };
}
