/** What a stretch of history comes to for a topic: the way of a watcher who was too slow to be told of each step. */
import type { HistoryEntry } from '../../follow/history.ts';
import { changesWithin, type TopicChange } from './frames.ts';
import type { TopicFilter } from './topic.ts';

/**
 * The net changes by key, each from the record before the stretch to the one after it, with who made the
 * last of them and why. Keys whose record is the same as before are left out. `undefined` where the topic
 * was not touched at all.
 */
export function netChanges(entries: readonly HistoryEntry[], filter: TopicFilter): TopicChange[] | undefined {
  const net = new Map<string, TopicChange>();
  for (const entry of entries) {
    for (const found of changesWithin(entry, filter)) {
      const { key } = found.change;
      const earlier = net.get(key);
      net.set(key, earlier ? { ...found, before: earlier.before } : found);
    }
  }
  if (net.size === 0) return undefined;
  return [...net.values()].filter(({ change, before }) => change.value !== before);
}
