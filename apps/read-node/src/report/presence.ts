/** Keeps this node's report in its region's Redis. Where that does not answer, nothing else suffers. */
import type { NodeReport } from '@quantivista/contracts';
import type { Presence } from '@quantivista/region';
import { createOutage, type Log } from '@quantivista/runtime';
import { createAlarm } from './alarm.ts';

export interface NodePresenceOptions {
  readonly presence: Presence;
  readonly nodeId: string;
  readonly report: () => NodeReport;
  /** So long after its last report the node counts as gone. */
  readonly ttlMs: number;
  readonly log: Log;
}

export interface NodePresence {
  /** The report has changed: it goes out soon, with what else changes until then. */
  changed(): void;
  /** Somebody waits for what has changed. */
  awaited(): void;
  /** Runs until `signal` aborts, and then takes the node out of the region. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const GATHER_MS = 200;
const RETRY_MS = 1_000;

export function createNodePresence(options: NodePresenceOptions): NodePresence {
  const { presence, nodeId, report, ttlMs, log } = options;
  const alarm = createAlarm();
  return {
    changed: () => alarm.within(GATHER_MS),
    awaited: () => alarm.within(0),
    run: async signal => {
      const outage = createOutage(log, 'the region is not told of this node');
      while (!signal.aborted) {
        try {
          // One at a time: what changes meanwhile goes with the next.
          await presence.putNode(report(), ttlMs);
          outage.over();
        } catch (error) {
          outage.failed(error);
        }
        alarm.within(outage.present ? RETRY_MS : ttlMs / 3);
        await alarm.ring(signal);
      }
      await presence.removeNode(nodeId).catch(() => {});
    },
  };
}
