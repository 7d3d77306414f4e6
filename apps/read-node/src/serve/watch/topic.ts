/** What a stream is about: a service or a whole environment, all of its keys or those that begin alike. */
import type { Resource } from '@quantivista/access';
import {
  type ConfigurationPath,
  environmentPrefix,
  parseConfigurationKey,
  servicePrefix,
} from '@quantivista/contracts';

/** In the place of a service's name: every service of the environment. */
export const EVERY_SERVICE = '*';

export interface Topic {
  /** In upper case. */
  readonly environment: ConfigurationPath['environment'];
  /** Or {@link EVERY_SERVICE}. */
  readonly service: string;
  /** What the keys begin with; absent where all are meant. */
  readonly prefix?: string;
}

/** Whose configuration it is, whichever keys of it. */
export const topicName = (topic: { environment: string; service: string }): string =>
  `${topic.environment}/${topic.service}`;

/** What one must be allowed to read to watch it: all keys that it is about. */
export const topicResource = ({ environment, service, prefix }: Topic): Resource => ({
  environment,
  service: service === EVERY_SERVICE ? undefined : service,
  keyPrefix: prefix,
});

/** The path of an etcd key that the topic is about; `undefined` for all others. */
export type TopicFilter = (etcdKey: string) => ConfigurationPath | undefined;

export function topicFilter({ environment, service, prefix = '' }: Topic): TopicFilter {
  // A stretch of history is looked through key by key: what is plainly another's is not taken apart.
  const start =
    service === EVERY_SERVICE ? environmentPrefix(environment) : servicePrefix(environment, service) + prefix;
  return etcdKey => {
    const path = etcdKey.startsWith(start) ? parseConfigurationKey(etcdKey) : undefined;
    return path?.key.startsWith(prefix) ? path : undefined;
  };
}
