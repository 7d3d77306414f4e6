/** The state that a request asks for: as new as it wants, of what is held here. */
import {
  environmentNotServed,
  fieldFault,
  type PastPoint,
  type Scope,
  ServiceError,
} from '@quantivista/contracts';
import type { Snapshot } from '@quantivista/snapshot';
import type { Replica } from '../follow/replica.ts';

export interface Wanted {
  /** Absent where what is asked for belongs to none. */
  readonly environment?: string;
  readonly min_revision?: number | undefined;
  readonly max_age?: number | undefined;
  readonly at?: PastPoint | undefined;
  readonly version?: number | undefined;
}

/**
 * The state, once it is as new as the request asks.
 * @throws ServiceError `invalid_request`, `environment_not_served`, `revision_not_reached`, `not_ready`, `too_old`
 */
export type StateFor = (wanted: Wanted) => Promise<Snapshot>;

const PAST = 'a node holds the present state alone: the authority answers this';

/** @param maxWaitMs longest wait for a `min_revision` */
export const createStateFor =
  ({ replica, scope, maxWaitMs }: { replica: Replica; scope: Scope; maxWaitMs: number }): StateFor =>
  async ({ environment, min_revision, max_age, at, version }) => {
    if (at !== undefined) throw fieldFault('query.at', PAST);
    if (version !== undefined) throw fieldFault('query.version', PAST);
    if (environment !== undefined && !scope.includes(environment)) throw environmentNotServed(scope);
    if (min_revision !== undefined && !(await replica.reached(min_revision, maxWaitMs))) {
      const held = replica.current?.snapshot;
      throw new ServiceError('revision_not_reached', {
        details: { generation: held?.generation ?? null, revision: held?.revision ?? null },
      });
    }
    const snapshot = replica.current?.snapshot;
    if (!snapshot) throw new ServiceError('not_ready');
    if (max_age !== undefined && replica.age.ms() > max_age * 1_000) {
      const ageMs = replica.age.ms();
      throw new ServiceError('too_old', { details: { age: Number.isFinite(ageMs) ? ageMs / 1_000 : null } });
    }
    return snapshot;
  };
