/** What a run leaves behind: everything that was asked, stored, pushed and served. The checks read only this. */
import type { Bookmark, Environment, Json, WatchFrame } from '@quantivista/contracts';

/** A service in one environment: what a watcher follows. */
export interface Topic {
  readonly environment: Environment;
  readonly service: string;
}

/** One key that a write meant to change: to a value, to nothing, or to what it was at a version. */
export type IntendedChange = Topic & { readonly key: string } & (
    | { readonly to: 'value'; readonly value: Json }
    | { readonly to: 'nothing' }
    | { readonly to: 'version'; readonly version: number }
  );

/** `unknown` where the answer was lost, or said so itself: the write may stand or not, but not in part. */
export type Outcome =
  | { readonly kind: 'acknowledged'; readonly revision: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

/** A request to the authority. Its id was sent as the reason, so the store's own note names the write. */
export interface Write {
  readonly id: string;
  readonly changes: readonly IntendedChange[];
  readonly outcome: Outcome;
  /** Milliseconds of one clock for the whole history. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** One revision of the store, as the store itself tells it. `undefined` where the key was deleted. */
export interface StoreRevision {
  readonly revision: number;
  readonly changes: readonly { readonly key: string; readonly value: string | undefined }[];
}

export type WatchEvent =
  | { readonly kind: 'connect'; readonly node: string; readonly since: Bookmark | undefined }
  | { readonly kind: 'frame'; readonly node: string; readonly frame: WatchFrame; readonly at: number };

/** What one watcher saw, in order of arrival, across all the nodes it was connected to. */
export interface Watcher {
  readonly id: string;
  readonly topic: Topic;
  readonly events: readonly WatchEvent[];
}

/** A service's map as a node served it. */
export interface Read {
  readonly topic: Topic;
  readonly generation: string;
  readonly revision: number;
  readonly map: Readonly<Record<string, Json>>;
}

/** The reads from one process of a node, each begun after the one before had ended. */
export interface NodeLife {
  readonly node: string;
  readonly life: number;
  readonly reads: readonly Read[];
}

export interface History {
  readonly generation: string;
  /** Every revision of the distributed range, from the store's first on. */
  readonly store: readonly StoreRevision[];
  readonly writes: readonly Write[];
  readonly watchers: readonly Watcher[];
  readonly lives: readonly NodeLife[];
}

export const topicName = ({ environment, service }: Topic): string => `${environment}/${service}`;

/** The newest revision that a watcher has seen in any frame; -1 before the first. */
export function newestSeen(events: readonly WatchEvent[]): number {
  return events.reduce(
    (newest, event) =>
      event.kind === 'frame' && event.frame.type !== 'reset'
        ? Math.max(newest, event.frame.revision)
        : newest,
    -1,
  );
}
