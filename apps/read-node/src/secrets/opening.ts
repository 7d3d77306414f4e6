/**
 * Opens sealed values, a few at a time, until each is opened: those that are waited for first. While the store does
 * not answer, one is tried at a time, with growing pauses between.
 */
import type { SealedValue } from '@quantivista/contracts';
import { createBackoff, createOutage, type Log, pause } from '@quantivista/runtime';
import type { SecretPath, SecretStore } from '@quantivista/vault';

/** Of one sealed value: its JSON as it was sent; or that it was destroyed, or is not to be had for now. */
export type OpenedSecret =
  | { readonly kind: 'opened'; readonly json: string }
  | { readonly kind: 'destroyed' }
  | { readonly kind: 'unavailable' };

/** One sealed value, on its way. */
export interface Opening {
  readonly path: SecretPath;
  readonly sealed: SealedValue;
  /** `undefined` while it is not known. */
  readonly result: OpenedSecret | undefined;
}

export interface OpeningQueue {
  begin(path: SecretPath, sealed: SealedValue): Opening;
  /** Nobody will ask for it any more. */
  drop(opening: Opening): void;
  /** Resolves when it is opened, or an attempt failed: it is the next to be tried. */
  hurry(opening: Opening): Promise<void>;
  /** For so long only what is waited for is opened. */
  hold(ms: number): void;
  stop(): void;
}

export interface OpeningOptions {
  readonly store: SecretStore;
  readonly log: Log;
  /** Opened at once. */
  readonly concurrency: number;
}

interface Task extends Opening {
  result: OpenedSecret | undefined;
  isUnderWay: boolean;
  isDropped: boolean;
  readonly waiters: (() => void)[];
}

const RETRY = { firstMs: 100, maxMs: 10_000 };
/** What one replica of the store does not have yet, it may have then; what was altered, never. */
const ABSENT_RETRY_MS = 10_000;

export function createOpening({ store, log, concurrency }: OpeningOptions): OpeningQueue {
  const stopping = new AbortController();
  const backoff = createBackoff(RETRY);
  const urgent = new Set<Task>();
  const rest = new Set<Task>();
  const outage = createOutage(log, 'secrets can not be opened');
  let working = 0;
  let restNotBefore = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function add(task: Task): void {
    if (!task.isDropped) rest.add(task);
  }

  function settle(task: Task): void {
    for (const done of task.waiters.splice(0)) done();
  }

  function next(): Task | undefined {
    const [task] = urgent.size > 0 ? urgent : Date.now() >= restNotBefore ? rest : [];
    if (!task) return undefined;
    urgent.delete(task);
    rest.delete(task);
    return task;
  }

  function work(): void {
    while (!stopping.signal.aborted && working < (outage.present ? 1 : concurrency)) {
      const task = next();
      if (!task) break;
      working++;
      void open(task).finally(() => {
        working--;
        work();
      });
    }
    if (rest.size === 0 || timer !== undefined || Date.now() >= restNotBefore) return;
    timer = setTimeout(() => {
      timer = undefined;
      work();
    }, restNotBefore - Date.now());
  }

  async function open(task: Task): Promise<void> {
    task.isUnderWay = true;
    try {
      task.result = await read(task);
    } catch (error) {
      outage.failed(error);
      add(task);
      restNotBefore = Date.now() + backoff.next();
    }
    task.isUnderWay = false;
    settle(task);
  }

  async function read(task: Task): Promise<OpenedSecret> {
    const opened = await store.open(task.path, task.sealed);
    outage.over();
    backoff.reset();
    if (opened.kind === 'opened') return { kind: 'opened', json: JSON.stringify(opened.value) };
    if (opened.kind === 'destroyed') return { kind: 'destroyed' };
    log.warn({ ...task.path }, 'the store of secrets has no such value: it was kept elsewhere, or altered');
    void pause(ABSENT_RETRY_MS * (0.5 + Math.random()), stopping.signal).then(() => {
      add(task);
      work();
    });
    return { kind: 'unavailable' };
  }

  return {
    begin: (path, sealed) => {
      const state = { result: undefined, isUnderWay: false, isDropped: false, waiters: [] };
      const task: Task = { path, sealed, ...state };
      add(task);
      work();
      return task;
    },
    drop: opening => {
      const task = opening as Task;
      task.isDropped = true;
      urgent.delete(task);
      rest.delete(task);
      settle(task);
    },
    hurry: opening => {
      const task = opening as Task;
      // It would only be heard again that the store does not answer, as late as that takes.
      if (task.result !== undefined || (outage.present && Date.now() < restNotBefore))
        return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      task.waiters.push(resolve);
      if (!task.isUnderWay) urgent.add(task);
      work();
      return promise;
    },
    hold: ms => {
      restNotBefore = Date.now() + ms;
    },
    stop: () => {
      stopping.abort();
      clearTimeout(timer);
    },
  };
}
