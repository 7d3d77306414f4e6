/** Gives every intent that lost its writer an outcome. Any number of authorities may do it at once. */
import type { Audit } from '@quantivista/audit';
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

  async function round(signal: AbortSignal): Promise<void> {
    for (const intent of await audit.pendingIntents(afterMs)) {
      if (signal.aborted) return;
      const outcome = await resolveOperation(etcd, intent);
      try {
        if (!(await audit.recordOutcome(intent, outcome))) continue;
        recovered++;
        log.warn({ intent: intent.id, ...outcome }, 'an operation was recovered');
      } catch (error) {
        // One that can't be recorded must not keep the others waiting.
        log.error({ intent: intent.id, ...outcome, err: error }, 'an outcome was not recorded');
      }
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
          await round(signal);
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
