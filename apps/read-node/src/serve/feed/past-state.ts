/** A whole state as a child receives it: the newest, or an earlier one, as far back as the history reaches. */
import { HEARTBEAT_KEY, ServiceError } from '@quantivista/contracts';
import type { StoredEntry } from '@quantivista/snapshot';
import type { Loaded } from '../../follow/replica.ts';

/**
 * Every key as it was at `revision`; what is applied here while they are taken does not show.
 *
 * Each change of the history knows what it replaced, so the changes since then are undone. The history holds
 * no heartbeats: one that came later is left out, and the child's next one says again how old the state is.
 * @throws ServiceError `compacted`, `revision_not_reached`
 */
export function stateAt({ snapshot, history }: Loaded, revision: number): Iterable<StoredEntry> {
  const now = { generation: snapshot.generation, revision: snapshot.revision };
  if (revision > now.revision) throw new ServiceError('revision_not_reached', { details: now });
  if (revision === now.revision) return snapshot.entries();
  const since = history.after(revision);
  const compacted = () => new ServiceError('compacted', { details: { ...now, floor: history.floor } });
  if (!since) throw compacted();
  /** By key, what it was at `revision`: the oldest change since then has replaced it. */
  const then = new Map<string, StoredEntry | undefined>();
  for (const { changes } of since) {
    for (const { key, previous, previousRevision } of changes) {
      if (then.has(key)) continue;
      if (previous === undefined) then.set(key, undefined);
      else if (previousRevision === undefined) throw compacted();
      else then.set(key, { key, value: previous, modRevision: previousRevision });
    }
  }
  const beat = snapshot.stored(HEARTBEAT_KEY);
  if (beat && beat.modRevision > revision && !then.has(beat.key)) then.set(beat.key, undefined);
  return past(snapshot.entries(), then);
}

function* past(
  entries: Iterable<StoredEntry>,
  then: ReadonlyMap<string, StoredEntry | undefined>,
): Generator<StoredEntry> {
  for (const entry of entries) if (!then.has(entry.key)) yield entry;
  for (const entry of then.values()) if (entry) yield entry;
}
