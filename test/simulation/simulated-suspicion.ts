/** Marks and claims in a simulated region, as `packages/region/src/suspicion.ts` keeps them in Redis. */
import type { Suspicion } from '@quantivista/region';

/** Has something served by the region: at once, or over a link. */
export type Call = <T>(serve: () => T | Promise<T>) => Promise<T>;

export interface SimulatedSuspicion {
  over(call: Call): Suspicion;
  wipe(): void;
}

/** A mark that no feeder takes up is not kept for longer. */
const MARK_MS = 60_000;

export function createSimulatedSuspicion(): SimulatedSuspicion {
  /** By generation. */
  const marks = new Map<string, { readonly mark: string; readonly until: number }>();
  /** Work, and until when it is claimed. */
  const claims = new Map<string, number>();
  let marked = 0;
  const markOf = (generation: string): string | undefined => {
    const set = marks.get(generation);
    return set && set.until > performance.now() ? set.mark : undefined;
  };

  return {
    over: call => ({
      suspect: generation =>
        call(() => {
          marks.set(generation, { mark: String(++marked), until: performance.now() + MARK_MS });
        }),
      suspected: generation => call(() => markOf(generation)),
      clear: (generation, mark) =>
        call(() => {
          if (markOf(generation) === mark) marks.delete(generation);
        }),
      claim: (work, forMs) =>
        call(() => {
          if ((claims.get(work) ?? 0) > performance.now()) return false;
          claims.set(work, performance.now() + forMs);
          return true;
        }),
      release: work => call(() => void claims.delete(work)),
    }),
    wipe: () => {
      marks.clear();
      claims.clear();
    },
  };
}
