/** Where a feeder gets its region's state from: etcd, or the nodes of a region nearer to it. */
import type { RevisionEvents, WatchEnd } from '@quantivista/etcd';
import type { SnapshotEntry } from '@quantivista/region';

/** What the region holds: a source behind it, or of an older life of the store, is not to be followed. */
export interface Held {
  readonly generation: string | undefined;
  readonly revision: number | undefined;
  /** When it was last known complete, by the authority's clock (ms since the epoch). */
  readonly completeAt: number | undefined;
}

export type SourceList =
  | { readonly kind: 'listed'; readonly revision: number; readonly entries: readonly SnapshotEntry[] }
  /** The revision is no longer held there, or has not been reached. */
  | { readonly kind: 'compacted' | 'future' };

export type SourceEnd = WatchEnd | { readonly reason: 'generation changed' };

export interface SourceWatch {
  readonly ended: Promise<SourceEnd>;
  close(): void;
}

export interface SourceWatchOptions {
  readonly generation: string;
  /** First revision wanted. */
  readonly from: number;
  /** Called in order, once a revision, also for some that change nothing here; must not throw. */
  readonly onRevision: (events: RevisionEvents) => void;
}

/** What does not belong to the region's environments never comes out of it. */
export interface Source {
  /** For people: `etcd`, or the parent's URL. */
  readonly name: string;
  /**
   * The generation to follow, for a region that holds `held`; `undefined` where there is none now.
   * @throws ServiceError `store_unavailable`
   */
  generation(held: Held): Promise<string | undefined>;
  /** The whole state, or that of an earlier revision. @throws ServiceError `store_unavailable` */
  list(revision?: number): Promise<SourceList>;
  watch(options: SourceWatchOptions): SourceWatch;
}
