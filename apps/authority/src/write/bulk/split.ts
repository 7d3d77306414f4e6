/** Changes in transactions that the store takes. Pure. */
import { MAX_BATCH_CHANGES, MAX_BATCH_OPERATIONS } from '@quantivista/contracts';

/** Of values and their records; a transaction's limit also counts what stands around them. */
export const MAX_BUNDLE_BYTES = 1_000_000;

/** As much of a change as says where it fits. */
export interface Sized {
  readonly service: string;
  readonly bytes: number;
}

/** One transaction, as far as it is filled. */
interface Bundle<T> {
  readonly changes: T[];
  readonly services: Set<string>;
  bytes: number;
}

/**
 * Transactions of at most `maxChanges` changes, `maxOperations` changes and services together, and `maxBytes`,
 * in order. A service stays within one where it fits in one; a change that is too large by itself goes alone,
 * for the writer to judge.
 */
export function split<T extends Sized>(
  changes: readonly T[],
  { maxChanges = MAX_BATCH_CHANGES, maxOperations = MAX_BATCH_OPERATIONS, maxBytes = MAX_BUNDLE_BYTES } = {},
): T[][] {
  const bundles: Bundle<T>[] = [];

  const fits = (bundle: Bundle<T>, service: string, count: number, bytes: number): boolean => {
    const total = bundle.changes.length + count;
    const services = bundle.services.size + (bundle.services.has(service) ? 0 : 1);
    return total <= maxChanges && total + services <= maxOperations && bundle.bytes + bytes <= maxBytes;
  };
  const add = (service: string, some: readonly T[], bytes: number) => {
    let bundle = bundles.at(-1);
    if (!bundle || !fits(bundle, service, some.length, bytes)) {
      bundle = { changes: [], services: new Set(), bytes: 0 };
      bundles.push(bundle);
    }
    bundle.changes.push(...some);
    bundle.services.add(service);
    bundle.bytes += bytes;
  };

  for (const [service, ofService] of Map.groupBy(changes, change => change.service)) {
    const bytes = ofService.reduce((sum, change) => sum + change.bytes, 0);
    const empty: Bundle<T> = { changes: [], services: new Set(), bytes: 0 };
    if (fits(empty, service, ofService.length, bytes)) add(service, ofService, bytes);
    else for (const change of ofService) add(service, [change], change.bytes);
  }
  return bundles.map(bundle => bundle.changes);
}
