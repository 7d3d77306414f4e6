/** When a loop goes on: a time that others may bring forward, but not put off. */

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
    ring: signal =>
      new Promise(resolve => {
        let timer: NodeJS.Timeout | undefined;
        const done = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
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
        if (signal.aborted) return done();
        signal.addEventListener('abort', done);
        arm();
      }),
  };
}
