/** Changes in transactions that a server takes. Pure. */
import { type BatchChange, MAX_BATCH_CHANGES, MAX_BATCH_OPERATIONS } from '@quantivista/contracts';

/** Bytes of JSON for the changes of one request; the server's limit for all of it is 1 MB. */
const MAX_BYTES = 900_000;

/** One transaction, as far as it is filled. */
interface Bundle {
  readonly changes: BatchChange[];
  readonly services: Set<string>;
  bytes: number;
}

/**
 * Transactions of at most `maxChanges` changes, `maxOperations` changes and services together, and `maxBytes`
 * of JSON, in order. A service stays within one where it fits in one; a change that is too large by itself
 * goes alone, for the server to judge.
 */
export function split(
  changes: readonly BatchChange[],
  { maxChanges = MAX_BATCH_CHANGES, maxOperations = MAX_BATCH_OPERATIONS, maxBytes = MAX_BYTES } = {},
): BatchChange[][] {
  const bundles: Bundle[] = [];

  const fits = (bundle: Bundle, service: string, count: number, bytes: number): boolean => {
    const total = bundle.changes.length + count;
    const services = bundle.services.size + (bundle.services.has(service) ? 0 : 1);
    return total <= maxChanges && total + services <= maxOperations && bundle.bytes + bytes <= maxBytes;
  };
  const add = (service: string, some: readonly BatchChange[], bytes: number) => {
    let bundle = bundles.at(-1);
    if (!bundle || !fits(bundle, service, some.length, bytes)) {
      bundle = { changes: [], services: new Set(), bytes: 0 };
      bundles.push(bundle);
    }
    bundle.changes.push(...some);
    bundle.services.add(service);
    bundle.bytes += bytes;
  };

  for (const [service, ofService] of Map.groupBy(changes, change => change.service_name)) {
    const sizes = ofService.map(change => Buffer.byteLength(JSON.stringify(change)) + 1);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const empty: Bundle = { changes: [], services: new Set(), bytes: 0 };
    if (fits(empty, service, ofService.length, bytes)) add(service, ofService, bytes);
    else for (const [index, change] of ofService.entries()) add(service, [change], sizes[index]!);
  }
  return bundles.map(bundle => bundle.changes);
}
