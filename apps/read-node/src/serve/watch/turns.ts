/** Work that would hold up every read if it were done at a stretch: in order, a little each turn of the event loop. */

export type Turns = (task: () => void) => void;

export interface TurnsOptions {
  /**
   * What follows each task as microtasks is part of its work: it has its time between the tasks and counts, as far as
   * it does not wait for anything. Only a few tasks are under way at once. @default false
   */
  readonly withMicrotasks?: boolean;
  /** Left to others between two turns, beyond what they have by themselves. @default 0 */
  readonly restMs?: number;
}

/** Each turn takes tasks until `sliceMs` is used up; no less than one. */
export function createTurns(
  sliceMs: number,
  { withMicrotasks = false, restMs = 0 }: TurnsOptions = {},
): Turns {
  const later = (work: () => void) => (restMs > 0 ? setTimeout(work, restMs) : setImmediate(work));
  let waiting: (() => void)[] = [];
  let next = 0;
  const run = async () => {
    const endAt = performance.now() + sliceMs;
    do {
      waiting[next++]!();
      if (withMicrotasks) await undefined;
    } while (next < waiting.length && performance.now() < endAt);
    if (next < waiting.length) return void later(run);
    waiting = [];
    next = 0;
  };
  return task => {
    waiting.push(task);
    if (waiting.length === 1) setImmediate(run);
  };
}
