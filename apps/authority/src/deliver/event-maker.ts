/** Follows the trail, and makes an event of each of its rows. */
import type { Affected, EventLog } from '@quantivista/audit';
import { type Environment, MAX_AFFECTED_INSTANCES } from '@quantivista/contracts';
import { createOutage, type Log, pause } from '@quantivista/runtime';
import { instancesOf } from '../network/instances.ts';
import type { Regions } from '../network/regions.ts';

export interface EventMakerOptions {
  readonly events: EventLog;
  readonly regions: Pick<Regions, 'known' | 'reports'>;
  readonly log: Log;
  readonly intervalMs: number;
}

export interface EventMaker {
  /** Events made by this process. */
  readonly made: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export function createEventMaker({ events, regions, log, intervalMs }: EventMakerOptions): EventMaker {
  let made = 0;

  function affected(environment: string, service: string): Affected {
    const { instances, truncated } = instancesOf(regions.reports(), environment as Environment, service);
    const ids = [...new Set(instances.map(each => each.instance_id))];
    return {
      affected_instances: ids.slice(0, MAX_AFFECTED_INSTANCES),
      affected_instances_truncated: truncated || ids.length > MAX_AFFECTED_INSTANCES,
    };
  }

  return {
    get made() {
      return made;
    },
    run: async signal => {
      const outage = createOutage(log, 'no events are made');
      while (!signal.aborted) {
        let more = false;
        try {
          // Before that nobody knows whom a change reaches.
          if (regions.known) {
            const result = await events.make(affected);
            made += result.events;
            more = result.more;
          }
          outage.over();
        } catch (error) {
          outage.failed(error);
        }
        // Not at once for the next row alone: while others write, each turn takes what came meanwhile.
        if (!more) await pause(intervalMs, signal);
      }
    },
  };
}
