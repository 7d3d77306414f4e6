export {
  createRegionAccessLog,
  denialName,
  type RegionAccessLog,
  tokenUseName,
} from './access-log.ts';
export type { RedisAddress, RegionOptions } from './connection.ts';
export type { Change, SnapshotEntry, StreamEntry } from './entry.ts';
export {
  CENTRE_EVENTS_KEY,
  createEventStream,
  type EventStream,
  type StreamedEvent,
} from './event-stream.ts';
export { createRegionImpressions, impressionName, type RegionImpressions } from './impressions.ts';
export { scopedRegion } from './keys.ts';
export { createPresence, type Gathered, type Presence } from './presence.ts';
export { createRegionReader, type RegionReader } from './reader.ts';
export { MAX_CHANGES } from './rules.ts';
export type { RegionState } from './state.ts';
export type { Suspicion } from './suspicion.ts';
export type { Bundle, CountBatch, CountName, Tally } from './tally.ts';
export {
  type ApplyResult,
  createRegionWriter,
  type Listed,
  type RegionWriter,
  type RevisionStep,
} from './writer.ts';
