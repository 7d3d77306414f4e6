/**
 * Which environments a node holds: all of them, or some. What is not held neither reaches the node nor its
 * region's Redis, so a node beside a test cluster has nothing of production that could be read.
 */
import { z } from '@hono/zod-openapi';
import { ServiceError } from './errors.ts';
import { COMMIT_KEY, environmentOf } from './keys.ts';
import { ENVIRONMENTS, Environment } from './names.ts';

export interface Scope {
  /** Those held, in the order of {@link ENVIRONMENTS}. */
  readonly environments: readonly Environment[];
  /** Whether some are left out. */
  readonly restricted: boolean;
  includes(environment: string): boolean;
  /** Whether all that `other` holds is held here too. */
  covers(other: Scope): boolean;
  /** What of a whole state is held. Without the commit note, which may tell of a change that is not. */
  state<T extends { readonly key: string }>(entries: Iterable<T>): Iterable<T>;
  /** What of one revision's changes is held: none where the commit note would be all. */
  changes<T extends { readonly key: string }>(changes: readonly T[]): readonly T[];
}

/** A scope of `environments`; of all without them, or where none is missing. */
export function createScope(environments: readonly Environment[] = ENVIRONMENTS): Scope {
  const held = ENVIRONMENTS.filter(each => environments.includes(each));
  if (held.length === ENVIRONMENTS.length) return EVERYTHING;
  const includes = (environment: string) => (held as readonly string[]).includes(environment);
  /** Keys that belong to no environment (`_…`) are always held. */
  const holds = (key: string) => {
    const environment = environmentOf(key);
    return environment === undefined || includes(environment);
  };
  return {
    environments: held,
    restricted: true,
    includes,
    covers: other => other.environments.every(includes),
    *state(entries) {
      for (const entry of entries) if (entry.key !== COMMIT_KEY && holds(entry.key)) yield entry;
    },
    changes: changes => {
      const kept = changes.filter(({ key }) => holds(key));
      return kept.every(({ key }) => key === COMMIT_KEY) ? [] : kept;
    },
  };
}

/** The scope of a node that holds all there is. */
export const EVERYTHING: Scope = {
  environments: ENVIRONMENTS,
  restricted: false,
  includes: () => true,
  covers: () => true,
  state: entries => entries,
  changes: changes => changes,
};

/** What a request for something else is answered: says which environments are held here. */
export const environmentNotServed = ({ environments }: Scope): ServiceError =>
  new ServiceError('environment_not_served', {
    message: `This node holds ${environments.join(', ')} alone`,
    details: { environments },
  });

/** Environments, comma separated, in any case. */
export const EnvironmentList = z
  .string()
  .transform((text): unknown[] => text.split(',').map(each => each.trim()))
  .pipe(z.array(Environment).min(1))
  .openapi({ type: 'string', example: 'TEST,STAGING', description: 'comma separated; all without it' });
