/** What a check answers: one entry for each place where a guarantee does not hold. */
import type { History } from './history.ts';
import type { Truth } from './truth.ts';

export type Guarantee =
  | 'Ordered'
  | 'Unique'
  | 'Atomic'
  | 'Reliable'
  | 'Resumable'
  | 'Bookmarkable'
  | 'StatesExisted'
  | 'NeverBack'
  | 'Acknowledged'
  | 'Ready'
  | 'Age';

export interface Violation {
  readonly guarantee: Guarantee;
  readonly what: string;
  readonly where: string;
}

/** A guarantee, as a question to a history. */
export type Check = (history: History, truth: Truth) => Violation[];
