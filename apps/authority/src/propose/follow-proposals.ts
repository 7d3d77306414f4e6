/** The proposals that something is to be done about, as they stand. */
import { PROPOSALS_PREFIX, type Proposal } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { Log } from '@quantivista/runtime';
import { followPrefix } from '../follow/follow-prefix.ts';

/**
 * Keep in `kept`, by id, what `pick` makes of each proposal and the revision at which it was put; `undefined`: it is
 * of no concern. Runs until `signal` aborts. Never throws.
 */
export function followProposals<T>(
  { etcd, log }: { readonly etcd: Etcd; readonly log: Log },
  kept: Map<string, T>,
  pick: (proposal: Proposal, revision: number) => T | undefined,
  signal: AbortSignal,
): Promise<void> {
  const take = (key: string, value: string | undefined, revision: number) => {
    const id = key.slice(PROPOSALS_PREFIX.length);
    const picked = value === undefined ? undefined : pick(JSON.parse(value) as Proposal, revision);
    if (picked === undefined) kept.delete(id);
    else kept.set(id, picked);
  };
  return followPrefix(
    { etcd, log, prefix: PROPOSALS_PREFIX },
    {
      listed: (_, entries) => {
        kept.clear();
        for (const { key, value, modRevision } of entries) take(key, value, modRevision);
      },
      changed: (revision, events) => {
        for (const { key, value } of events) take(key, value, revision);
      },
    },
    signal,
  );
}
