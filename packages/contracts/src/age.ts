/** How old a state is, in three words: what a person or an alert wants to know of a node. */
import { z } from '@hono/zod-openapi';

/** FRESH: beats arrive. AGING: some were missed. STALE: the centre has not been heard of for long. */
export const AgeState = z.enum(['FRESH', 'AGING', 'STALE']).openapi('AgeState');
export type AgeState = z.infer<typeof AgeState>;

export interface AgeLimits {
  /** From this age on a state is AGING. */
  readonly agingMs: number;
  /** From this age on it is STALE. */
  readonly staleMs: number;
}

/** The state of an age; an unknown one (Infinity) is STALE. */
export const ageState = (ageMs: number, { agingMs, staleMs }: AgeLimits): AgeState =>
  ageMs < agingMs ? 'FRESH' : ageMs < staleMs ? 'AGING' : 'STALE';
