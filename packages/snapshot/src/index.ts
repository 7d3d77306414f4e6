export { type Digests, differingParts } from './digest.ts';
export { type Admits, mapWithin, type ServiceMap } from './map-within.ts';
export { digestsOf, OTHER_PART, partOf } from './parts.ts';
export { type RecordList, recordList } from './record-list.ts';
export type { Entry, Service } from './service.ts';
export { serviceMap, serviceMapTag } from './service.ts';
export {
  buildSnapshot,
  createSnapshot,
  type KeyChange,
  type Snapshot,
  type SnapshotBuilder,
  type StoredEntry,
  startSnapshot,
} from './snapshot.ts';
