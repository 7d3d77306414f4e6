export type { RegionOptions } from './connection.ts';
export type { Change, SnapshotEntry, StreamEntry } from './entry.ts';
export { createPresence, type Gathered, type Presence } from './presence.ts';
export { createRegionReader, type RegionReader } from './reader.ts';
export { MAX_CHANGES } from './rules.ts';
export type { RegionState } from './state.ts';
export {
  type ApplyResult,
  createRegionWriter,
  type RegionWriter,
  type RevisionStep,
} from './writer.ts';
