export {
  type Digest,
  type Digests,
  differingParts,
  emptyDigest,
  fold,
  formatDigest,
  hashEntry,
} from './digest.ts';
export { type Admits, mapWithin, type ServiceMap } from './map-within.ts';
export { digestsOf, OTHER_PART, partOf } from './parts.ts';
export { type RecordList, recordList } from './record-list.ts';
export type { Entry, SealedEntry, Service } from './service.ts';
export { openedBody, openedMap, serviceMap, serviceMapTag } from './service.ts';
export {
  buildSnapshot,
  createSnapshot,
  type KeyChange,
  type Snapshot,
  type SnapshotBuilder,
  type StoredEntry,
  startSnapshot,
} from './snapshot.ts';
