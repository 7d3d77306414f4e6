/** What a watcher knows of a service or an environment, and what each frame changes in it. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type Bookmark, formatBookmark, type Json, type WatchFrame } from '@quantivista/contracts';

export interface SeenChange {
  readonly kind: 'added' | 'changed' | 'removed';
  /** With the service before it where a whole environment is watched. */
  readonly key: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly revision: number;
  /** Where several changes are told of as one: the revision after which the first of them came. */
  readonly conflatedFrom: number | undefined;
  /** Absent where the change happened out of sight: a snapshot tells the result alone. */
  readonly by: string | undefined;
  readonly reason: string | undefined;
  readonly version: number | undefined;
}

export interface View {
  readonly keys: number;
  /** `since` for the next connection; undefined where a snapshot is needed. */
  readonly bookmark: string | undefined;
  /** Take in a frame; the changes that it brought. The first snapshot brings none. */
  apply(frame: WatchFrame): SeenChange[];
}

export function createView(): View {
  const values = new Map<string, Json>();
  let known = false;
  let bookmark: Bookmark | undefined;

  function applySnapshot(frame: WatchFrame & { type: 'snapshot' }): SeenChange[] {
    const seen: SeenChange[] = [];
    const unseen = { revision: frame.revision, conflatedFrom: undefined, reason: undefined };
    for (const [key, { config_value: after, updated_by: by, version }] of Object.entries(
      frame.configurations,
    )) {
      const before = values.get(key);
      if (before === undefined) seen.push({ kind: 'added', key, before, after, by, version, ...unseen });
      else if (!isDeepStrictEqual(before, after)) {
        seen.push({ kind: 'changed', key, before, after, by, version, ...unseen });
      }
    }
    for (const [key, before] of values) {
      if (Object.hasOwn(frame.configurations, key)) continue;
      seen.push({
        kind: 'removed',
        key,
        before,
        after: undefined,
        by: undefined,
        version: undefined,
        ...unseen,
      });
    }
    values.clear();
    for (const [key, { config_value }] of Object.entries(frame.configurations)) values.set(key, config_value);
    const first = !known;
    known = true;
    return first ? [] : seen;
  }

  function applyUpdate(frame: WatchFrame & { type: 'update' }): SeenChange[] {
    const { updates, revision, conflated_from: conflatedFrom } = frame;
    return updates.map(({ service_name, config_key, updated_by: by, reason, version, ...update }) => {
      const key = service_name === undefined ? config_key : `${service_name}/${config_key}`;
      const existed = values.has(key);
      const before = existed ? update.old_value : undefined;
      const about = { key, before, revision, conflatedFrom, by, reason, version };
      if (update.deleted) {
        values.delete(key);
        return { kind: 'removed', after: undefined, ...about, before: update.old_value };
      }
      values.set(key, update.new_value);
      return { kind: existed ? 'changed' : 'added', after: update.new_value, ...about };
    });
  }

  return {
    get keys() {
      return values.size;
    },
    get bookmark() {
      return bookmark && formatBookmark(bookmark);
    },
    apply: frame => {
      // A reset is followed by a snapshot. Where the connection ends between the two, resuming from the
      // reset's revision would skip what the snapshot was to bring.
      bookmark =
        frame.type === 'reset' ? undefined : { generation: frame.generation, revision: frame.revision };
      if (frame.type === 'snapshot') return applySnapshot(frame);
      return frame.type === 'update' ? applyUpdate(frame) : [];
    },
  };
}
