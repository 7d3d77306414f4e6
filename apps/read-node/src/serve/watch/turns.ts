/** Work that would hold up every read if it were done at a stretch: in order, a little each turn of the event loop. */

export type Turns = (task: () => void) => void;

/** Each turn takes tasks until `sliceMs` is used up; no less than one. */
export function createTurns(sliceMs: number): Turns {
  let waiting: (() => void)[] = [];
  let next = 0;
  const run = () => {
    const endAt = performance.now() + sliceMs;
    do waiting[next++]!();
    while (next < waiting.length && performance.now() < endAt);
    if (next < waiting.length) return void setImmediate(run);
    waiting = [];
    next = 0;
  };
  return task => {
    waiting.push(task);
    if (waiting.length === 1) setImmediate(run);
  };
}
