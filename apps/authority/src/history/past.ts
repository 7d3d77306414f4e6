/**
 * States of the past: what etcd holds now, with the changes since undone that the trail tells of. So a store
 * that was restored, of whose keys the trail knows nothing yet, has a past too.
 */
import type { Audit } from '@quantivista/audit';
import {
  type Configuration,
  type ConfigurationPath,
  configurationKey,
  type Environment,
  fieldFault,
  GENERATION_KEY,
  type Json,
  type PastPoint,
  parseConfigurationKey,
  ServiceError,
  servicePrefix,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { pause } from '@quantivista/runtime';
import { pastConfiguration } from './past-configuration.ts';

/** Writes under way are on record within milliseconds; what takes longer is for recovery. */
const SETTLE_MS = 1_000;

/** The store as it was read, with the trail whole up to there. */
export interface Now {
  readonly generation: string;
  readonly revision: number;
  /** Of which the generation is. */
  readonly began: number;
}

export interface Past {
  /** @throws ServiceError `not_ready`; `unsettled` where a write is still in doubt */
  now(unsettled: 'not_settled' | 'write_in_doubt'): Promise<Now>;
  /**
   * The revision that a point stands for.
   * @throws ServiceError naming `field`: it lies ahead, or before the generation began
   */
  revisionOf(point: PastPoint, now: Now, field: string): Promise<number>;
  /** A service's values, or that of one key, as they were at `revision`, by key. */
  valuesAt(now: Now, revision: number, of: ValuesOf): Promise<Map<string, Json>>;
  /** One key as it was at `revision`. @throws ServiceError `configuration_not_found`, `version_not_found` */
  configurationAt(now: Now, revision: number, path: ConfigurationPath): Promise<PastState>;
}

export interface PastState {
  readonly configuration: Configuration;
  /** That was asked for. */
  readonly revision: number;
}

export interface ValuesOf {
  readonly environment: Environment;
  readonly service: string;
  readonly key?: string | undefined;
}

export function createPast({ etcd, audit }: { etcd: Etcd; audit: Audit }): Past {
  async function presentValues(now: Now, { environment, service, key }: ValuesOf) {
    const prefix = servicePrefix(environment, service) + (key ?? '');
    const listed = await etcd.list({ prefix, revision: now.revision });
    if (listed.kind !== 'listed') throw new ServiceError('not_ready');
    const values = new Map<string, Json>();
    for (const entry of listed.entries) {
      const found = parseConfigurationKey(entry.key)?.key;
      if (found === undefined || (key !== undefined && found !== key)) continue;
      values.set(found, (JSON.parse(entry.value) as Configuration).config_value);
    }
    return values;
  }

  return {
    now: async unsettled => {
      const { revision, entries } = await etcd.read([GENERATION_KEY]);
      const found = entries[0];
      if (found === undefined) throw new ServiceError('not_ready');
      const generation = found.value;
      const until = Date.now() + SETTLE_MS;
      // What is begun from now on is of a later revision: this ends however busy the store is.
      while ((await audit.settledRevision(generation, revision)) < revision) {
        if (Date.now() > until) throw new ServiceError(unsettled);
        await pause(10);
      }
      return { generation, revision, began: found.modRevision };
    },
    revisionOf: async (point, now, field) => {
      if (point.kind === 'revision') {
        if (point.revision > now.revision) {
          throw fieldFault(field, `the store is at revision ${now.revision}`, 'revision_not_reached');
        }
        if (point.revision < now.began) {
          throw fieldFault(field, `this generation began at revision ${now.began}`, 'before_generation');
        }
        return point.revision;
      }
      if (point.atMs > Date.now()) throw fieldFault(field, 'lies in the future');
      const revision = await audit.revisionAt(now.generation, point.atMs);
      if (revision === undefined) {
        throw fieldFault(field, 'no change of this generation is as old as that', 'before_generation');
      }
      return revision;
    },
    valuesAt: async (now, revision, of) => {
      const [values, changes] = await Promise.all([
        presentValues(now, of),
        audit.changesSince(now.generation, {
          environment: of.environment,
          service: of.service,
          keys: of.key === undefined ? undefined : [of.key],
          after: revision,
          upTo: now.revision,
        }),
      ]);
      for (const { key, before } of changes) {
        if (before.state) values.set(key, before.state.value);
        else values.delete(key);
      }
      return values;
    },
    configurationAt: async (now, revision, path) => {
      const { environment, service, key } = path;
      const [entry, [changed]] = await Promise.all([
        etcd.list({ prefix: configurationKey(path), revision: now.revision }),
        audit.changesSince(now.generation, {
          environment,
          service,
          keys: [key],
          after: revision,
          upTo: now.revision,
        }),
      ]);
      if (entry.kind !== 'listed') throw new ServiceError('not_ready');
      if (changed) {
        if (!changed.before.state) throw new ServiceError('configuration_not_found');
        const found = await pastConfiguration(audit, now.generation, path, changed.before.version);
        return { configuration: found.configuration, revision };
      }
      const present = entry.entries.find(each => each.key === configurationKey(path));
      if (!present) throw new ServiceError('configuration_not_found');
      return { configuration: JSON.parse(present.value) as Configuration, revision };
    },
  };
}
