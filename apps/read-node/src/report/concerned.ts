/** Whom a revision concerns. Pure. */
import { parseConfigurationKey } from '@quantivista/contracts';
import { EVERY_SERVICE, topicName } from '../serve/watch/topic.ts';

/** Services named for one revision. */
const NAMED = 20;

/** Topics whose configuration is among the changes; whole environments where there are many services. */
export function concernedTopics(changes: readonly { readonly key: string }[]): string[] {
  const paths = changes.map(({ key }) => parseConfigurationKey(key)).filter(path => path !== undefined);
  const topics = new Set(paths.map(topicName));
  if (topics.size <= NAMED) return [...topics];
  return [...new Set(paths.map(({ environment }) => topicName({ environment, service: EVERY_SERVICE })))];
}
