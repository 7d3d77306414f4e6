/** A writer that keeps its pace: so many writes a second, whether the ones before were answered or not. */
import { send } from '../api.ts';
import { createChoices } from '../choices.ts';
import type { Topic } from '../history.ts';
import type { Random } from '../random.ts';
import { VERSIONS_BACK, type Written } from './written.ts';

export interface WriterOptions {
  readonly url: string;
  readonly token: string;
  readonly topics: readonly Topic[];
  /** Writes a second. */
  readonly rate: number;
  readonly random: Random;
  /** Told of each write. */
  readonly written: Written;
}

export interface Writer {
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Keys changed by acknowledged writes. */
  readonly keys: number;
  /** The revision of the newest acknowledged write. */
  readonly newest: number;
  /** Send no more, and wait for what is under way. */
  stop(): Promise<void>;
}

const TICK_MS = 10;
/** While the authority does not answer, more would only wait behind these. */
const UNDER_WAY = 64;

export function startWriter({ url, token, topics, rate, random, written }: WriterOptions): Writer {
  const choices = createChoices({ topics, random, most: 8, versionsBack: VERSIONS_BACK });
  const underWay = new Set<Promise<void>>();
  const counts = { acknowledged: 0, refused: 0, unknown: 0 };
  let sent = 0;
  let keys = 0;
  let newest = 0;
  let due = 0;
  let lastAt = performance.now();

  async function write(id: string): Promise<void> {
    const changes = choices.next(id);
    written.sent(id, changes);
    const answered = await send({ url, token }, id, changes);
    const { outcome } = answered.write;
    written.answered(id, outcome);
    counts[outcome.kind]++;
    if (outcome.kind !== 'acknowledged') return;
    choices.learn(answered);
    keys += changes.length;
    newest = Math.max(newest, outcome.revision);
  }

  const ticker = setInterval(() => {
    const now = performance.now();
    // What could not be sent is not made up for.
    due = Math.min(due + ((now - lastAt) / 1_000) * rate, UNDER_WAY);
    lastAt = now;
    for (; due >= 1 && underWay.size < UNDER_WAY; due--) {
      const one = write(`write-${sent++}`).finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }, TICK_MS);

  return {
    get sent() {
      return sent;
    },
    get acknowledged() {
      return counts.acknowledged;
    },
    get refused() {
      return counts.refused;
    },
    get unknown() {
      return counts.unknown;
    },
    get keys() {
      return keys;
    },
    get newest() {
      return newest;
    },
    stop: async () => {
      clearInterval(ticker);
      await Promise.all(underWay);
    },
  };
}
