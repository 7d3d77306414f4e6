/** Which topics notice nothing of a state that was replaced: their part of it is as it was. */
import type { Snapshot } from '@quantivista/snapshot';
import { EVERY_SERVICE, type Topic, topicName } from './topic.ts';

/** Looks at each service once, however many topics ask. Topics with a prefix count as their whole service. */
export function unchangedBetween(before: Snapshot, now: Snapshot): (topic: Topic) => boolean {
  const changed = new Set<string>();
  for (const snapshot of [before, now]) {
    for (const [environment, name] of snapshot.services()) {
      const [was, is] = [before, now].map(each => each.service(environment, name)?.digest);
      if (was?.high === is?.high && was?.low === is?.low) continue;
      changed.add(topicName({ environment, service: name }));
      changed.add(topicName({ environment, service: EVERY_SERVICE }));
    }
  }
  return topic => !changed.has(topicName(topic));
}
