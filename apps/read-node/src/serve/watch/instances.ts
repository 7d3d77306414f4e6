/** The open streams by what their clients call themselves: an ack that is posted names them so. */
import type { Watcher } from './audience.ts';
import { topicName } from './topic.ts';

export interface Instances {
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
  /** The streams of an instance about a service, or about a whole environment: one, where it has no two. */
  find(topic: { environment: string; service: string }, instanceId: string): Iterable<Watcher> | undefined;
}

export function createInstances(): Instances {
  const streams = new Map<string, Set<Watcher>>();
  const nameOf = (topic: { environment: string; service: string }, instanceId: string) =>
    `${topicName(topic)}\n${instanceId}`;
  return {
    add: watcher => {
      if (watcher.instanceId === undefined) return;
      const name = nameOf(watcher.topic, watcher.instanceId);
      const alike = streams.get(name) ?? new Set();
      streams.set(name, alike.add(watcher));
    },
    remove: watcher => {
      if (watcher.instanceId === undefined) return;
      const name = nameOf(watcher.topic, watcher.instanceId);
      const alike = streams.get(name);
      alike?.delete(watcher);
      if (alike?.size === 0) streams.delete(name);
    },
    find: (topic, instanceId) => streams.get(nameOf(topic, instanceId)),
  };
}
