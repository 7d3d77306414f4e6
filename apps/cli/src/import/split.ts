/** Changes in transactions that a server takes. Pure. */
import { type BatchChange, MAX_BATCH_CHANGES } from '@quantivista/contracts';

/** Bytes of JSON for the changes of one request; the server's limit for all of it is 1 MB. */
const MAX_BYTES = 900_000;

interface Bundle {
  readonly changes: BatchChange[];
  bytes: number;
}

/**
 * Transactions of at most `maxChanges` changes and `maxBytes` of JSON, in order. A service stays within one
 * where it fits in one; a change that is too large by itself goes alone, for the server to judge.
 */
export function split(
  changes: readonly BatchChange[],
  { maxChanges = MAX_BATCH_CHANGES, maxBytes = MAX_BYTES } = {},
): BatchChange[][] {
  const bundles: Bundle[] = [];
  const add = (changes: readonly BatchChange[], bytes: number) => {
    const last = bundles.at(-1);
    if (last && last.changes.length + changes.length <= maxChanges && last.bytes + bytes <= maxBytes) {
      last.changes.push(...changes);
      last.bytes += bytes;
    } else bundles.push({ changes: [...changes], bytes });
  };
  for (const ofService of Map.groupBy(changes, change => change.service_name).values()) {
    const sizes = ofService.map(change => Buffer.byteLength(JSON.stringify(change)) + 1);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (ofService.length <= maxChanges && bytes <= maxBytes) add(ofService, bytes);
    else for (const [index, change] of ofService.entries()) add([change], sizes[index]!);
  }
  return bundles.map(bundle => bundle.changes);
}
