/**
 * Carries what the region has counted out of its Redis, and what the regions have that are fed from it. Any number
 * may run, and any of them may die anywhere: what is carried keeps its id until it is dropped from Redis, and whoever
 * takes it in knows it by that.
 */
import type { RegionImpressions } from '@quantivista/region';
import { type Log, pause } from '@quantivista/runtime';
import type { ImpressionSink } from './sink.ts';

export interface CarrierOptions {
  readonly nodeId: string;
  readonly region: RegionImpressions;
  readonly sink: ImpressionSink;
  readonly windowMs: number;
  readonly log: Log;
}

export interface Carrier {
  /** Bundles handed over by this process, those of regions below among them. */
  readonly carried: number;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

export function createCarrier({ nodeId, region, sink, windowMs, log }: CarrierOptions): Carrier {
  const intervalMs = windowMs / 6;
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
      let failing = false;
      while (!signal.aborted) {
        try {
          await carry();
          failing = false;
        } catch (error) {
          if (!failing) log.warn({ err: error }, 'what the region has counted of flags is not handed over');
          failing = true;
        }
        // The way from here may be cut, and not the way from another node.
        await pause(failing ? 2 * holdMs : intervalMs, signal);
      }
    },
  };
}
