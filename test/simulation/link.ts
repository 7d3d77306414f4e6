/**
 * A link between two places. A message takes the distance's time, and jitter; one that is lost is sent again
 * after the retransmission timeout, which doubles. While the link is cut, what a stream sends waits as TCP
 * would have it wait, and the messages of single calls are lost.
 */
import { ServiceError } from '@quantivista/contracts';
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface LinkOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly profile: LinkProfile;
}

export interface LinkProfile {
  /** One way, without any jitter. */
  readonly baseMs: number;
  /** Median and spread (of the logarithm) of the lognormal jitter. */
  readonly jitterMs: number;
  readonly sigma: number;
  /** Share of the messages that are lost. */
  readonly loss: number;
  readonly retransmitMs: number;
}

export interface Link {
  readonly up: boolean;
  cut(): void;
  heal(): void;
  /** Called at each cut. Answers how to stop listening. */
  onCut(listener: () => void): () => void;
  /** A connection's one direction: what is sent arrives in order. */
  stream(): (deliver: () => void) => void;
  /** Ask the other side. @throws ServiceError `store_unavailable` after `deadlineMs`, where one is given */
  call<T>(serve: () => T | Promise<T>, deadlineMs?: number): Promise<T>;
}

/** Milliseconds for one message, one way. */
export function drawDelay(random: Random, profile: LinkProfile): number {
  let ms = profile.baseMs + random.lognormal(profile.jitterMs, profile.sigma);
  for (let timeoutMs = profile.retransmitMs; random.uniform() < profile.loss; timeoutMs *= 2) ms += timeoutMs;
  return ms;
}

export function createLink({ clock, random, profile }: LinkOptions): Link {
  const listeners = new Set<() => void>();
  const held: (() => void)[] = [];
  let up = true;
  const delay = () => drawDelay(random, profile);

  return {
    get up() {
      return up;
    },
    cut: () => {
      up = false;
      for (const listener of [...listeners]) listener();
    },
    heal: () => {
      up = true;
      for (const send of held.splice(0)) send();
    },
    onCut: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stream: () => {
      let lastAt = 0;
      return deliver => {
        const send = () => {
          lastAt = Math.max(lastAt, clock.now() + delay());
          clock.after(lastAt - clock.now(), deliver);
        };
        if (up) send();
        else held.push(send);
      };
    },
    call: <T>(serve: () => T | Promise<T>, deadlineMs?: number) =>
      new Promise<T>((resolve, reject) => {
        const deadline = deadlineMs && clock.after(deadlineMs, () => reject(unavailable()));
        const settle = (how: () => void) => {
          if (!up) return;
          clock.after(delay(), () => {
            if (deadline) deadline.task = undefined;
            how();
          });
        };
        const answer = (value: T) => settle(() => resolve(value));
        const refuse = (error: unknown) => settle(() => reject(error));
        const arrive = () => {
          try {
            const served = serve();
            if (served instanceof Promise) served.then(answer, refuse);
            else answer(served);
          } catch (error) {
            refuse(error);
          }
        };
        if (up) clock.after(delay(), arrive);
      }),
  };
}

export const unavailable = () => new ServiceError('store_unavailable');
