/** When a loop goes on: a time that others may bring forward, but not put off. */
import { onAbort } from '@quantivista/runtime';

export interface Alarm {
  /** Ring in `ms` at the latest. */
  within(ms: number): void;
  /** Resolves when it rings, or when `signal` aborts. Then nothing is set any more. */
  ring(signal: AbortSignal): Promise<void>;
}

export function createAlarm(): Alarm {
  let dueAt = Number.POSITIVE_INFINITY;
  /** Acts on `dueAt` while somebody waits. */
  let arm = () => {};

  return {
    within: ms => {
      const at = performance.now() + ms;
      if (at >= dueAt) return;
      dueAt = at;
      arm();
    },
    ring: signal => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let timer: NodeJS.Timeout | undefined;
      const done = () => {
        clearTimeout(timer);
        arm = () => {};
        dueAt = Number.POSITIVE_INFINITY;
        resolve();
      };
      arm = () => {
        clearTimeout(timer);
        const restMs = dueAt - performance.now();
        if (restMs <= 0) done();
        else if (Number.isFinite(restMs)) timer = setTimeout(done, restMs);
      };
      const stopListening = onAbort(signal, done);
      arm();
      return promise.finally(stopListening);
    },
  };
}
