/** All guarantees over one recorded history. Pure: the same history gives the same answer anywhere. */
import { acknowledged } from './acknowledged.ts';
import { atomic } from './atomic.ts';
import { bookmarkable } from './bookmarkable.ts';
import type { History } from './history.ts';
import { neverBack } from './never-back.ts';
import { ordered } from './ordered.ts';
import { reliable } from './reliable.ts';
import { resumable } from './resumable.ts';
import { statesExisted } from './states-existed.ts';
import { createTruth } from './truth.ts';
import { unique } from './unique.ts';
import type { Check, Violation } from './violation.ts';

const CHECKS: readonly Check[] = [
  ordered,
  unique,
  atomic,
  reliable,
  resumable,
  bookmarkable,
  statesExisted,
  neverBack,
  acknowledged,
];

/** Every violation found; none where all guarantees hold. */
export function check(history: History): Violation[] {
  const truth = createTruth(history.store);
  return CHECKS.flatMap(each => each(history, truth));
}
