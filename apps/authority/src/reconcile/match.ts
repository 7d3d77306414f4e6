/** Matches what etcd's history shows with what the trail says was committed. Pure. */
import type { CommittedChange, Finding } from '@quantivista/audit';
import { recordKey } from '@quantivista/contracts';
import type { RevisionEvents } from '@quantivista/etcd';
import { isAccountedFor, isAnchorKey, isRecordKey } from './recorded-keys.ts';

/** What one revision has done to keys that the trail accounts for. */
export interface Seen {
  readonly revision: number;
  readonly changes: ReadonlyMap<string, 'put' | 'delete'>;
}

/** `undefined` for a revision that the trail does not have to account for. `unrecorded`: a key that may be put so. */
export function seenOf({ revision, events }: RevisionEvents, unrecorded?: string): Seen | undefined {
  const changes = new Map<string, 'put' | 'delete'>();
  for (const { key, value } of events) {
    if (key === unrecorded && value !== undefined) continue;
    const accounted = isAccountedFor(key) || (isAnchorKey(key) && value === undefined);
    if (accounted) changes.set(key, value === undefined ? 'delete' : 'put');
  }
  return changes.size > 0 ? { revision, changes } : undefined;
}

/**
 * What differs between history and trail, both of the same revisions and whole.
 * Keys that stand beside records may change with any committed write; anchors may never be deleted.
 */
export function match(
  generation: string,
  seen: readonly Seen[],
  committed: readonly CommittedChange[],
): Finding[] {
  const findings: Finding[] = [];
  const claimed = new Map<number, Map<string, CommittedChange>>();
  for (const change of committed) {
    const keys = claimed.get(change.revision) ?? new Map<string, CommittedChange>();
    claimed.set(change.revision, keys.set(recordKey(change), change));
  }
  for (const { revision, changes } of seen) {
    const keys = claimed.get(revision);
    for (const [key, operation] of changes) {
      const known = isRecordKey(key) ? keys?.delete(key) : keys && !isAnchorKey(key);
      if (known) continue;
      findings.push({ kind: 'foreign_change', generation, revision, subject: key, details: { operation } });
    }
  }
  for (const [revision, keys] of claimed) {
    for (const [key, { intentId }] of keys) {
      const details = { intent_id: intentId };
      findings.push({ kind: 'missing_change', generation, revision, subject: key, details });
    }
  }
  return findings;
}
