/** What to write next, by chance: single keys, transactions over several services, deletions, ways back. */
import type { Answered } from './api.ts';
import type { IntendedChange, Topic } from './history.ts';
import type { Random } from './random.ts';

export interface ChoicesOptions {
  readonly topics: readonly Topic[];
  readonly random: Random;
  /** Keys of a transaction, at most. @default 20 */
  readonly most?: number;
  /** How many versions a way back may lead. @default any number */
  readonly versionsBack?: number;
}

export interface Choices {
  /** Changes of one write; values carry its id. */
  next(id: string): IntendedChange[];
  /** What an acknowledged write left behind. */
  learn(answered: Answered): void;
}

const KEYS = 40;

export function createChoices(options: ChoicesOptions): Choices {
  const { topics, random, most = 20, versionsBack = Number.POSITIVE_INFINITY } = options;
  // The newest version known of a key, 0 where it is gone; other writers change it meanwhile.
  const versions = new Map<string, number>();
  const nameOf = ({ service, key }: { service: string; key: string }) => `${service}/${key}`;
  const anyKey = (among: readonly Topic[]) => ({ ...random.pick(among), key: `key-${random.below(KEYS)}` });

  function one(id: string): IntendedChange {
    const at = anyKey(topics);
    const version = versions.get(nameOf(at)) ?? 0;
    if (version > 1 && random.chance(0.2)) {
      const oldest = Math.max(1, version - versionsBack);
      return { ...at, to: 'version', version: random.between(oldest, version - 1) };
    }
    return version > 0 && random.chance(0.15) ? { ...at, to: 'nothing' } : { ...at, to: 'value', value: id };
  }

  function several(id: string): IntendedChange[] {
    const from = random.below(topics.length);
    const among = Array.from({ length: random.between(2, 3) }, (_, n) => topics[(from + n) % topics.length]!);
    const keys = Array.from({ length: random.between(Math.ceil(most / 4), most) }, () => anyKey(among));
    const distinct = new Map(keys.map(at => [nameOf(at), at]));
    return [...distinct].map(
      ([name, at], n): IntendedChange =>
        (versions.get(name) ?? 0) > 0 && random.chance(0.05)
          ? { ...at, to: 'nothing' }
          : { ...at, to: 'value', value: { by: id, n } },
    );
  }

  return {
    next: id => (random.chance(0.5) ? several(id) : [one(id)]),
    learn: ({ versions: left }) => {
      for (const [change, version] of left) versions.set(nameOf(change), version);
    },
  };
}
