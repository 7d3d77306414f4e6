/** A fault to be planted in a correct history: what the checks must not let pass. */
import type { History } from './history.ts';
import type { Guarantee } from './violation.ts';

export interface PlantedFault {
  readonly name: string;
  /** What the checks must name. */
  readonly breaks: Guarantee;
  /** What the same fault may break besides. */
  readonly mayBreak?: readonly Guarantee[];
  /** The history with the fault, at one of the places for it; `undefined` where there is none. */
  plant(history: History, choice: number): History | undefined;
}
