/**
 * How old the state is. A beat says "complete as of this time", by the authority's clock; the difference to
 * this machine's clock is the age. Should this clock be behind, that is too small: so the age is never less
 * than the time since the beat arrived, which no clock setting changes.
 */
import { type AgeLimits, type AgeState, ageState } from '@quantivista/contracts';

export interface AgeOptions extends AgeLimits {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Milliseconds of a clock that nobody sets. @default performance.now */
  readonly monotonic?: () => number;
}

export interface Age {
  /** Milliseconds since the state was known to be complete; Infinity where unknown. */
  ms(): number;
  state(): AgeState;
  /** How far the authority's clock was ahead of this one when the newest beat came, in milliseconds; else 0. */
  readonly aheadMs: number;
  /** A beat was applied: complete as of `at`. */
  beat(at: number): void;
  /** The state was replaced by one without any beat. */
  forget(): void;
}

export function createAge(options: AgeOptions): Age {
  const { now = Date.now, monotonic = () => performance.now() } = options;
  let completeAt = Number.NEGATIVE_INFINITY;
  let arrivedAt = Number.NEGATIVE_INFINITY;
  let aheadMs = 0;

  const ms = () => Math.max(0, now() - completeAt, monotonic() - arrivedAt);
  return {
    ms,
    state: () => ageState(ms(), options),
    get aheadMs() {
      return aheadMs;
    },
    beat: at => {
      // The same beat, loaded again, is no news.
      if (at === completeAt) return;
      completeAt = at;
      arrivedAt = monotonic();
      aheadMs = Math.max(0, at - now());
    },
    forget: () => {
      completeAt = Number.NEGATIVE_INFINITY;
    },
  };
}
