/** What the centre has to do: counted in tenths of a second of virtual time. */

import type { StoreWatcher } from './simulated-store.ts';

export type Work = 'reads' | 'lists' | 'watches opened' | 'events sent' | 'bytes sent';

export interface CentreLoad {
  count(work: Work, number?: number): void;
  total(work: Work): number;
  /** The most in any one second. */
  peakPerSecond(work: Work): number;
  perSecond(work: Work): number;
  /** Open now. */
  readonly watches: Set<StoreWatcher>;
  /** Count from here on. */
  reset(): void;
}

const SLOTS_PER_SECOND = 10;

export function createCentreLoad(now: () => number): CentreLoad {
  let slots = new Map<Work, number[]>();
  let since = now();
  const of = (work: Work) => slots.get(work) ?? [];
  const total = (work: Work) => of(work).reduce((sum, number) => sum + (number ?? 0), 0);
  return {
    watches: new Set(),
    count: (work, number = 1) => {
      const counts = of(work);
      slots.set(work, counts);
      const slot = Math.floor(((now() - since) * SLOTS_PER_SECOND) / 1_000);
      counts[slot] = (counts[slot] ?? 0) + number;
    },
    total,
    perSecond: work => total(work) / Math.max(1, (now() - since) / 1_000),
    peakPerSecond: work => {
      const counts = of(work);
      let [peak, sum] = [0, 0];
      for (let slot = 0; slot < counts.length; slot++) {
        sum += (counts[slot] ?? 0) - (counts[slot - SLOTS_PER_SECOND] ?? 0);
        peak = Math.max(peak, sum);
      }
      return peak;
    },
    reset: () => {
      slots = new Map();
      since = now();
    },
  };
}
