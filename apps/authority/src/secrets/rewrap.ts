/** Values under older keys, encrypted anew: ordinary writes, in as many transactions as it takes. */
import {
  type Configuration,
  entityTag,
  isSealed,
  type Json,
  parseConfigurationKey,
} from '@quantivista/contracts';
import type { KeyValue } from '@quantivista/etcd';
import type { SecretStore } from '@quantivista/vault';
import type { PlannedParts } from '../write/bulk/carry-out.ts';
import { setConfiguration } from '../write/configuration.ts';

/** Asked of the store at once. */
const AT_ONCE = 16;

export interface Rewrapping extends PlannedParts {
  /** Sealed values that stay as they are. */
  readonly kept: number;
}

/** @throws ServiceError `secrets_unavailable` */
export async function planRewrap(
  store: SecretStore,
  generation: string,
  entries: readonly KeyValue[],
): Promise<Rewrapping> {
  const sealed = entries.flatMap(({ key, value, modRevision }) => {
    const path = parseConfigurationKey(key);
    const configuration = JSON.parse(value) as Configuration;
    const { config_value } = configuration;
    return path && isSealed(config_value) ? [{ path, configuration, config_value, modRevision }] : [];
  });
  const changes: PlannedParts['changes'][number][] = [];
  for (let from = 0; from < sealed.length; from += AT_ONCE) {
    const some = sealed.slice(from, from + AT_ONCE);
    const rewrapped = await Promise.all(some.map(each => store.rewrap(each.path, each.config_value)));
    for (const [index, { path, modRevision }] of some.entries()) {
      const value: Json | undefined = rewrapped[index];
      if (value === undefined) continue;
      const conditions = { ifMatch: entityTag(generation, modRevision) };
      const change = setConfiguration(path, { value }, { field: 'body', conditions });
      changes.push({ change, service: path.service, bytes: JSON.stringify(value).length + 1_000 });
    }
  }
  return { changes, kept: sealed.length - changes.length };
}
