/**
 * Time that passes only when everything due has been done. While it is installed, the timers, clocks and
 * Math.random of this process are the simulation's: code under it runs unchanged, waits for nothing and does
 * the same in every run.
 *
 * Due callbacks run in the order (time, sequence). After each instant the microtasks are drained: a tick
 * (`process.nextTick`) asked for by a microtask runs when no microtask is left, so the next instant begins
 * there, and nothing from outside can come between.
 */
import process from 'node:process';

/** The grain of time: every delay is rounded up to it. */
export const TICK_MS = 0.1;

export interface VirtualClock {
  /** Milliseconds since the simulation began. */
  now(): number;
  /** Run `task` after so many milliseconds (0 and more). */
  after(ms: number, task: () => void): Timer;
  /** Let so many milliseconds pass. */
  pass(ms: number): Promise<void>;
  /** Let time pass until `holds`, asked each `stepMs`. @throws Error after `limitMs` */
  until(what: string, holds: () => boolean, limitMs: number, stepMs?: number): Promise<void>;
  /** Put the process's own timers, clocks and randomness back. */
  restore(): void;
}

export interface Timer {
  /** Absent once it ran or was cancelled. */
  task: (() => void) | undefined;
}

/** Where the virtual time begins, in milliseconds since the epoch. */
export const EPOCH_MS = Date.UTC(2030, 0, 1);

export function installVirtualClock(random: () => number): VirtualClock {
  const due = new Map<number, Timer[]>();
  const times = createTimeHeap();
  let tick = 0;

  const now = () => tick * TICK_MS;
  const after = (ms: number, task: () => void): Timer => {
    const at = tick + Math.ceil(ms / TICK_MS - 1e-6);
    const timer: Timer = { task };
    const together = due.get(at);
    if (together) together.push(timer);
    else {
      due.set(at, [timer]);
      times.push(at);
    }
    return timer;
  };

  function runInstant(): void {
    const timers = due.get(tick)!;
    due.delete(tick);
    times.pop();
    for (const timer of timers) {
      const { task } = timer;
      timer.task = undefined;
      task?.();
    }
  }

  const pass = (ms: number) =>
    new Promise<void>((resolve, reject) => {
      const end = tick + Math.ceil(ms / TICK_MS);
      const next = () => {
        try {
          if (times.first() > end) {
            tick = end;
            return resolve();
          }
          tick = times.first();
          runInstant();
          queueMicrotask(whenDrained);
        } catch (error) {
          reject(error);
        }
      };
      const whenDrained = () => process.nextTick(next);
      queueMicrotask(whenDrained);
    });

  const restore = replaceGlobals({ now, after, random });
  return {
    now,
    after,
    pass,
    until: async (what, holds, limitMs, stepMs = 10) => {
      const giveUpAt = now() + limitMs;
      while (!holds()) {
        if (now() >= giveUpAt) throw new Error(`not within ${limitMs} ms: ${what}`);
        await pass(stepMs);
      }
    },
    restore,
  };
}

type Replacement = Pick<VirtualClock, 'now' | 'after'> & { random: () => number };

function replaceGlobals({ now, after, random }: Replacement): () => void {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis;
  const own = { dateNow: Date.now, performanceNow: performance.now, random: Math.random };
  const cancel = (timer?: Timer) => {
    if (timer) timer.task = undefined;
  };
  // Node's timers wait for a millisecond at least.
  const timeout = (task: () => void, ms = 1) => after(Math.max(1, ms), task);
  const interval = (task: () => void, ms = 1): Timer => {
    // Cancelled where its task is gone, whichever of its turns is next.
    const whole: Timer = { task };
    const turn = () => {
      if (!whole.task) return;
      timeout(turn, ms);
      task();
    };
    timeout(turn, ms);
    return whole;
  };
  Object.assign(globalThis, {
    setTimeout: timeout,
    clearTimeout: cancel,
    setInterval: interval,
    clearInterval: cancel,
    setImmediate: (task: () => void) => after(0, task),
    clearImmediate: cancel,
  });
  Date.now = () => EPOCH_MS + Math.floor(now());
  performance.now = now;
  Math.random = random;
  return () => {
    Object.assign(globalThis, {
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      setImmediate,
      clearImmediate,
    });
    Date.now = own.dateNow;
    performance.now = own.performanceNow;
    Math.random = own.random;
  };
}

/** Distinct times, smallest first. */
function createTimeHeap() {
  const heap: number[] = [];
  return {
    first: () => heap[0] ?? Number.POSITIVE_INFINITY,
    push: (time: number) => {
      let at = heap.push(time) - 1;
      while (at > 0) {
        const parent = (at - 1) >>> 1;
        if (heap[parent]! <= time) break;
        heap[at] = heap[parent]!;
        at = parent;
      }
      heap[at] = time;
    },
    pop: () => {
      const last = heap.pop()!;
      if (heap.length === 0) return;
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
        if (heap[child]! >= last) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
    },
  };
}
