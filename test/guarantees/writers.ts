/** Writers that change everything at once: single keys, transactions over several services, ways back. */
import { setTimeout as pause } from 'node:timers/promises';
import { send } from './api.ts';
import type { IntendedChange, Topic, Write } from './history.ts';
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

const KEYS = 40;
/** After a failure: a store that is down answers at once. */
const REST_MS = 20;

export function startWriters(options: WritersOptions): Writers {
  const { url, token, topics, random, writers = 8, restMs = 0, name = 'write' } = options;
  const writes: Write[] = [];
  // The newest version known of a key, 0 where it is gone; other writers change it meanwhile.
  const versions = new Map<string, number>();
  const nameOf = ({ service, key }: { service: string; key: string }) => `${service}/${key}`;
  let changed = 0;
  let failed = 0;
  let stopped = false;
  let count = 0;

  const anyKey = (among: readonly Topic[]) => ({ ...random.pick(among), key: `key-${random.below(KEYS)}` });

  function one(id: string): IntendedChange {
    const at = anyKey(topics);
    const version = versions.get(nameOf(at)) ?? 0;
    if (version > 1 && random.chance(0.2))
      return { ...at, to: 'version', version: random.between(1, version - 1) };
    return version > 0 && random.chance(0.15) ? { ...at, to: 'nothing' } : { ...at, to: 'value', value: id };
  }

  function several(id: string): IntendedChange[] {
    const from = random.below(topics.length);
    const among = Array.from({ length: random.between(2, 3) }, (_, n) => topics[(from + n) % topics.length]!);
    const keys = Array.from({ length: random.between(5, 20) }, () => anyKey(among));
    const distinct = new Map(keys.map(at => [nameOf(at), at]));
    return [...distinct].map(
      ([name, at], n): IntendedChange =>
        (versions.get(name) ?? 0) > 0 && random.chance(0.05)
          ? { ...at, to: 'nothing' }
          : { ...at, to: 'value', value: { by: id, n } },
    );
  }

  async function write(): Promise<void> {
    while (!stopped) {
      const id = `${name}-${count++}`;
      const changes = random.chance(0.5) ? several(id) : [one(id)];
      const answered = await send({ url, token }, id, changes);
      writes.push(answered.write);
      for (const [change, version] of answered.versions) versions.set(nameOf(change), version);
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
