/**
 * Names the store's life and beats in it. The beat is ordered with the data: whoever has applied it has
 * everything that was committed before its time.
 */
import { randomUUID } from 'node:crypto';
import type { Audit } from '@quantivista/audit';
import { type Heartbeat as Beat, GENERATION_KEY, HEARTBEAT_KEY } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { type Log, pause } from '@quantivista/runtime';

export interface HeartbeatOptions {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly log: Log;
  readonly intervalMs: number;
  /** Called when another generation is found, before the first beat in it; tried again where it rejects. */
  readonly onGeneration?: () => Promise<void>;
}

export interface Heartbeat {
  /** `undefined` until the store was reached for the first time. */
  readonly generation: string | undefined;
  /** The newest revision that a beat has seen. */
  readonly revision: number;
  readonly sequence: number;
  /** Runs until `signal` aborts. Never throws, never overlaps itself. */
  run(signal: AbortSignal): Promise<void>;
}

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { etcd, audit, log, intervalMs, onGeneration } = options;
  let generation: string | undefined;
  /** Whether the store is known to be in `generation` still. */
  let identified = false;
  let revision = 0;
  let sequence = 0;

  /** Begin a generation, in place of `replaced` (its mod revision, 0 for none): one of several authorities wins. */
  async function begin(replaced: number, why: string): Promise<void> {
    const fresh = randomUUID();
    const { succeeded } = await etcd.txn({
      compare: [{ key: GENERATION_KEY, target: 'mod', is: replaced }],
      success: [{ op: 'put', key: GENERATION_KEY, value: fresh }],
    });
    if (succeeded) log.warn({ generation: fresh, why }, 'a generation begins');
  }

  /** Learn the store's generation. A store that is behind what is known of this generation was restored. */
  async function identify(): Promise<boolean> {
    const read = await etcd.read([GENERATION_KEY, HEARTBEAT_KEY]);
    const [held, beat] = read.entries;
    if (!held) {
      await begin(0, 'the store has none');
      return false;
    }
    const seen = held.value === generation ? revision : 0;
    const known = Math.max(seen, await audit.highestRevision(held.value));
    if (read.revision < known) {
      await begin(held.modRevision, `the store is at revision ${read.revision}, and was at ${known}`);
      return false;
    }
    if (held.value !== generation) await onGeneration?.();
    generation = held.value;
    identified = true;
    revision = read.revision;
    if (beat) sequence = Math.max(sequence, (JSON.parse(beat.value) as Beat).sequence);
    return true;
  }

  async function beat(): Promise<void> {
    if (!identified && !(await identify())) return;
    // Taken before the transaction is sent: an age reckoned from it is never too small.
    const at = Date.now();
    const value: Beat = { sequence: sequence + 1, at };
    const result = await etcd.txn({
      compare: [{ key: GENERATION_KEY, target: 'value', is: generation! }],
      success: [{ op: 'put', key: HEARTBEAT_KEY, value: JSON.stringify(value) }],
    });
    // Another store, or an older state of this one: find out before the next beat.
    if (!result.succeeded || result.revision <= revision) {
      identified = false;
      return;
    }
    sequence++;
    revision = result.revision;
  }

  return {
    get generation() {
      return generation;
    },
    get revision() {
      return revision;
    },
    get sequence() {
      return sequence;
    },
    run: async signal => {
      let failing = false;
      while (!signal.aborted) {
        const startedAt = Date.now();
        try {
          await beat();
          failing = false;
        } catch (error) {
          if (!failing) log.warn({ err: error }, 'the heartbeat fails');
          failing = true;
        }
        // A generation that was only just begun is beaten in at once.
        const restMs = !identified && !failing ? 5 : Math.max(0, intervalMs - (Date.now() - startedAt));
        await pause(restMs, signal);
      }
    },
  };
}
