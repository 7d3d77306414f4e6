/** The topics that somebody watches, found by the changes that concern them. */
import type { ConfigurationPath } from '@quantivista/contracts';
import { EVERY_SERVICE, type Topic, topicName } from './topic.ts';

export interface OpenTopics<State> {
  /** The topic's state, made with `create` where it has none. */
  open(topic: Topic, create: () => State): State;
  close(topic: Topic): void;
  all(): State[];
  /** Topics that this path belongs to. Costs the same whatever the number of topics. */
  concerned(path: ConfigurationPath): Generator<State>;
}

/** Topics of one name, by their prefixes. */
interface Named<State> {
  readonly byPrefix: Map<string, State>;
  /** How many prefixes have which length: a key is looked up by its beginnings of these lengths alone. */
  readonly lengths: Map<number, number>;
}

export function createOpenTopics<State>(): OpenTopics<State> {
  const named = new Map<string, Named<State>>();

  function* concernedBy(name: string, key: string): Generator<State> {
    const found = named.get(name);
    if (!found) return;
    for (const length of found.lengths.keys()) {
      const state = length <= key.length ? found.byPrefix.get(key.slice(0, length)) : undefined;
      if (state) yield state;
    }
  }

  return {
    open: (topic, create) => {
      const { prefix = '' } = topic;
      const name = topicName(topic);
      const { byPrefix, lengths } = named.get(name) ?? { byPrefix: new Map(), lengths: new Map() };
      const present = byPrefix.get(prefix);
      if (present) return present;
      const state = create();
      named.set(name, { byPrefix, lengths });
      byPrefix.set(prefix, state);
      lengths.set(prefix.length, (lengths.get(prefix.length) ?? 0) + 1);
      return state;
    },
    close: topic => {
      const { prefix = '' } = topic;
      const name = topicName(topic);
      const found = named.get(name);
      if (!found?.byPrefix.delete(prefix)) return;
      const left = found.lengths.get(prefix.length)! - 1;
      if (left > 0) found.lengths.set(prefix.length, left);
      else found.lengths.delete(prefix.length);
      if (found.byPrefix.size === 0) named.delete(name);
    },
    all: () => [...named.values()].flatMap(({ byPrefix }) => [...byPrefix.values()]),
    *concerned({ environment, service, key }) {
      yield* concernedBy(topicName({ environment, service }), key);
      yield* concernedBy(topicName({ environment, service: EVERY_SERVICE }), key);
    },
  };
}
