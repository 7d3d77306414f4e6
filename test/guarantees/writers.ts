/** Writers that change everything at once, each as soon as its last write was answered. */
import { setTimeout as pause } from 'node:timers/promises';
import { send } from './api.ts';
import { createChoices } from './choices.ts';
import type { Topic, Write } from './history.ts';
import type { Random } from './random.ts';

export interface WritersOptions {
  readonly url: string;
  readonly token: string;
  readonly topics: readonly Topic[];
  readonly random: Random;
  /** @default 8 */
  readonly writers?: number;
  /** Of one writer between two writes. @default 0 */
  readonly restMs?: number;
  /** What the ids begin with: unique in a history. @default write */
  readonly name?: string;
}

export interface Writers {
  readonly writes: readonly Write[];
  /** Keys changed by acknowledged writes. */
  readonly changed: number;
  /** Writes that were not acknowledged. */
  readonly failed: number;
  /** Whether any write after the first `count` of {@link writes} was acknowledged. */
  acknowledgedSince(count: number): boolean;
  /** Send no more, and wait for what is under way. */
  stop(): Promise<void>;
}

/** After a failure: a store that is down answers at once. */
const REST_MS = 20;

export function startWriters(options: WritersOptions): Writers {
  const { url, token, topics, random, writers = 8, restMs = 0, name = 'write' } = options;
  const writes: Write[] = [];
  const choices = createChoices({ topics, random });
  let changed = 0;
  let failed = 0;
  let stopped = false;
  let count = 0;

  async function write(): Promise<void> {
    while (!stopped) {
      const id = `${name}-${count++}`;
      const changes = choices.next(id);
      const answered = await send({ url, token }, id, changes);
      writes.push(answered.write);
      choices.learn(answered);
      if (answered.write.outcome.kind === 'acknowledged') changed += changes.length;
      else {
        failed++;
        await pause(REST_MS);
      }
      if (restMs > 0) await pause(restMs);
    }
  }

  const running = Promise.all(Array.from({ length: writers }, write));
  return {
    writes,
    get changed() {
      return changed;
    },
    get failed() {
      return failed;
    },
    acknowledgedSince: seen => writes.slice(seen).some(write => write.outcome.kind === 'acknowledged'),
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
