/** The values of services as they are at one revision, and whether they are still those of an earlier one. */
import {
  type Configuration,
  type Environment,
  GENERATION_KEY,
  ServiceError,
  servicePrefix,
} from '@quantivista/contracts';
import type { Etcd, KeyValue } from '@quantivista/etcd';
import type { SecretValues } from '../../secrets/secret-values.ts';

export interface Place {
  readonly environment: Environment;
  readonly service: string;
}

export interface PresentConfiguration {
  readonly configuration: Configuration;
  readonly modRevision: number;
}

export interface PresentState {
  readonly generation: string;
  readonly revision: number;
  /** By key, for each of the places asked for, in their order. */
  readonly services: readonly ReadonlyMap<string, PresentConfiguration>[];
}

/** What the caller has seen, and wants to be so still. */
export interface Expected {
  readonly revision?: number | undefined;
  readonly generation?: string | undefined;
}

/**
 * Present values as they were sent, of those keys that `of` names; the others stay sealed. One that was destroyed
 * stays so too, and so differs from any other.
 * @throws ServiceError `secrets_unavailable`
 */
export async function openPresent(
  secrets: SecretValues,
  present: ReadonlyMap<string, PresentConfiguration>,
  of: (key: string) => boolean,
): Promise<ReadonlyMap<string, PresentConfiguration>> {
  const opened = await Promise.all(
    [...present].map(async ([key, held]) => {
      const configuration = of(key) ? await openedOrSealed(secrets, held.configuration) : held.configuration;
      return [key, { ...held, configuration }] as const;
    }),
  );
  return new Map(opened);
}

async function openedOrSealed(secrets: SecretValues, configuration: Configuration): Promise<Configuration> {
  try {
    return await secrets.opened(configuration);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'secret_destroyed') return configuration;
    throw error;
  }
}

/** Services listed at once. */
const LISTS_AT_ONCE = 16;

/**
 * @throws ServiceError `conflict`: the places are not as they were at the expected revision; `compacted`,
 * `revision_not_reached`, `generation_changed`: it is not known how they were
 */
export async function readPresent(
  etcd: Etcd,
  places: readonly Place[],
  expected: Expected = {},
): Promise<PresentState> {
  const { revision, entries } = await etcd.read([GENERATION_KEY]);
  const generation = entries[0]?.value;
  if (generation === undefined) throw new ServiceError('not_ready');
  if (expected.generation !== undefined && expected.generation !== generation) {
    throw new ServiceError('generation_changed', { details: { generation } });
  }
  const services: ReadonlyMap<string, PresentConfiguration>[] = [];
  for (let from = 0; from < places.length; from += LISTS_AT_ONCE) {
    const some = places.slice(from, from + LISTS_AT_ONCE);
    const listed = await Promise.all(some.map(place => readPlace(etcd, place, revision, expected.revision)));
    services.push(...listed);
  }
  return { generation, revision, services };
}

async function readPlace(etcd: Etcd, place: Place, revision: number, expected: number | undefined) {
  const entries = await list(etcd, place, revision);
  if (expected !== undefined && expected < revision) {
    if (!areSame(await list(etcd, place, expected), entries)) {
      const { environment, service } = place;
      throw new ServiceError('conflict', {
        message: `${environment} ${service} has changed since revision ${expected}`,
        details: {
          environment,
          service_name: service,
          expected_revision: expected,
          current_revision: revision,
        },
      });
    }
  } else if (expected !== undefined && expected > revision) {
    throw new ServiceError('revision_not_reached', { details: { revision } });
  }
  return new Map(
    entries.map(({ value, modRevision }) => {
      const configuration = JSON.parse(value) as Configuration;
      return [configuration.config_key, { configuration, modRevision }] as const;
    }),
  );
}

async function list(etcd: Etcd, { environment, service }: Place, revision: number) {
  const listed = await etcd.list({ prefix: servicePrefix(environment, service), revision });
  if (listed.kind === 'compacted') throw new ServiceError('compacted');
  if (listed.kind !== 'listed') throw new ServiceError('revision_not_reached');
  return listed.entries;
}

const areSame = (before: readonly KeyValue[], after: readonly KeyValue[]): boolean =>
  before.length === after.length &&
  before.every(({ key, modRevision }, index) => {
    const now = after[index]!;
    return key === now.key && modRevision === now.modRevision;
  });
