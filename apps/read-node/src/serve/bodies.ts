/** Bodies on their way here: each of a bounded size and time, all of them in bounded room. */
import { ServiceError } from '@quantivista/contracts';

export interface BodiesOptions {
  /** Of one. */
  readonly maxBytes: number;
  /** Of all that are on their way. */
  readonly budgetBytes: number;
  /** From a body's begin to its end. */
  readonly timeoutMs: number;
}

export interface Bodies {
  readonly maxBytes: number;
  /**
   * Up to here a body that is too large is read all the same, though not kept: a connection that is closed under a
   * client that still sends breaks, and its answer with it.
   */
  readonly patienceBytes: number;
  /**
   * A body begins. `onLate` is called once where it does not end in time.
   * @param length of the Content-Length header, where there is one
   * @returns what ends it, however often it is called
   * @throws ServiceError `too_large`, `overloaded`
   */
  begin(length: string | null, onLate: () => void): () => void;
}

const PATIENCE = 8;

interface Reception {
  readonly onLate: () => void;
  readonly deadline: number;
  isOver: boolean;
}

export function createBodies({ maxBytes, budgetBytes, timeoutMs }: BodiesOptions): Bodies {
  /** In the order of their deadlines: all have the same time. */
  const open = new Set<Reception>();
  let room = budgetBytes;
  let isWatched = false;

  const lookIn = (ms: number): void => {
    isWatched = true;
    setTimeout(look, ms).unref();
  };
  const look = () => {
    const now = performance.now();
    for (const reception of open) {
      if (reception.deadline > now) return lookIn(reception.deadline - now);
      open.delete(reception);
      reception.onLate();
    }
    isWatched = false;
  };

  const patienceBytes = maxBytes * PATIENCE;
  return {
    maxBytes,
    patienceBytes,
    begin: (length, onLate) => {
      // Of one that does not say, the most is expected.
      const bytes = Math.min(length === null ? maxBytes : Number(length), maxBytes);
      if (Number(length) > patienceBytes) throw tooLarge(maxBytes);
      if (bytes > room) throw new ServiceError('overloaded', { message: 'too many bodies are on their way' });
      room -= bytes;
      const reception: Reception = { onLate, isOver: false, deadline: performance.now() + timeoutMs };
      open.add(reception);
      if (!isWatched) lookIn(timeoutMs);
      return () => {
        if (reception.isOver) return;
        reception.isOver = true;
        room += bytes;
        open.delete(reception);
      };
    },
  };
}

export const tooLarge = (maxBytes: number) =>
  new ServiceError('too_large', { message: `the body is over ${maxBytes} bytes` });
export const tooSlow = () => new ServiceError('body_too_slow');
export const brokenOff = (cause: unknown) =>
  new ServiceError('invalid_json', { message: 'the body broke off', cause });
