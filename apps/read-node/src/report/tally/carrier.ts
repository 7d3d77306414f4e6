/**
 * Carries what the region has counted out of its Redis, and what the regions have that are fed from it. Any number
 * may run, and any of them may die anywhere: what is carried keeps its id until it is dropped from Redis, and whoever
 * takes it in knows it by that.
 */
import type { Bundle, Tally } from '@quantivista/region';
import { createOutage, type Log, pause } from '@quantivista/runtime';
import type { TallySink } from './sink.ts';

export interface CarrierOptions<B extends Bundle> {
  readonly nodeId: string;
  readonly region: Tally<B>;
  readonly sink: TallySink<B>;
  readonly windowMs: number;
  readonly log: Log;
}

export interface Carrier {
  /** Bundles handed over by this process, those of regions below among them. */
  readonly carried: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** How often it is looked whether there is something. */
const LEAST_INTERVAL_MS = 500;

export function createCarrier<B extends Bundle>({
  nodeId,
  region,
  sink,
  windowMs,
  log,
}: CarrierOptions<B>): Carrier {
  const intervalMs = Math.max(windowMs / 6, Math.min(windowMs, LEAST_INTERVAL_MS));
  const holdMs = 3 * intervalMs;
  let carried = 0;

  async function carryChildren(): Promise<void> {
    for await (const bundle of region.childBundles()) {
      if (!(await sink.deliver(bundle))) continue;
      await region.dropChild(bundle);
      carried++;
    }
  }

  async function carry(): Promise<void> {
    // By then the nodes have told of the window that ended: those that were late come with the next bundle.
    const ready = await region.seal(nodeId, holdMs, windowMs / 4);
    if (ready.kind === 'another') return;
    if (ready.kind === 'sealed' && (await sink.deliver(ready.bundle))) {
      await region.drop(ready.bundle.id);
      carried++;
    }
    await carryChildren();
  }

  return {
    get carried() {
      return carried;
    },
    run: async signal => {
      const outage = createOutage(log, 'what the region has counted is not handed over');
      while (!signal.aborted) {
        try {
          await carry();
          outage.over();
        } catch (error) {
          outage.failed(error);
        }
        // The way from here may be cut, and not the way from another node.
        await pause(outage.present ? 2 * holdMs : intervalMs, signal);
      }
    },
  };
}
