/** Removes markers that nobody will ask for again. */
import type { Audit } from '@quantivista/audit';
import { operationKey } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { firstOperationId } from '../write/operation-id.ts';

/** Far longer than any transaction can be under way: a late one must still find its marker. */
const KEEP_MS = 24 * 60 * 60 * 1_000;

/** Delete the markers of operations older than a day, if none of those is without an outcome. */
export async function sweepMarkers(etcd: Etcd, audit: Audit, now = Date.now()): Promise<number> {
  if ((await audit.pendingIntents(KEEP_MS / 2)).length > 0) return 0;
  return etcd.deleteRange(operationKey(''), operationKey(firstOperationId(now - KEEP_MS)));
}
