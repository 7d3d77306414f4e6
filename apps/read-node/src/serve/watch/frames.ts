/** Frames of one topic, encoded. The same functions serve live changes and those replayed from history. */
import {
  type AgeState,
  type AppliedUpdate,
  COMMIT_KEY,
  type CommitNote,
  type Configuration,
  type ConfigurationPath,
  type HeartbeatFrame,
  type ResetFrame,
  type SnapshotFrame,
  shown,
  type UpdateFrame,
  withhold,
} from '@quantivista/contracts';
import type { Change } from '@quantivista/region';
import type { Entry, Snapshot } from '@quantivista/snapshot';
import type { HistoryEntry } from '../../follow/history.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { EVERY_SERVICE, type Topic, type TopicFilter } from './topic.ts';

/** A key's change as a watcher is told of it. */
export interface TopicChange {
  readonly path: ConfigurationPath;
  /** The last one, where several are told of as one. */
  readonly change: Change;
  /** What the watcher knew: the record before the first of them. */
  readonly before: string | undefined;
  readonly note: CommitNote | undefined;
}

const head = (topic: Topic, generation: string, revision: number) => ({
  generation,
  revision,
  environment: topic.environment,
  service_name: topic.service,
});

/** Who and why; a change made without the authority has no note. */
export function commitNote(changes: readonly Change[]): CommitNote | undefined {
  const text = changes.find(change => change.key === COMMIT_KEY)?.value;
  return text === undefined ? undefined : (JSON.parse(text) as CommitNote);
}

/** The part of a revision that concerns a topic. */
export function changesWithin({ changes }: HistoryEntry, filter: TopicFilter): TopicChange[] {
  const found: TopicChange[] = [];
  let note: CommitNote | undefined;
  for (const change of changes) {
    const path = filter(change.key);
    if (!path) continue;
    if (found.length === 0) note = commitNote(changes);
    found.push({ path, change, before: change.previous, note });
  }
  return found;
}

/** The record; `undefined` for no value, and for one that was not put by the authority. */
function parseRecord(text: string | undefined): Configuration | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Configuration);
  } catch {
    return undefined;
  }
}

function appliedUpdate(topic: Topic, { path, change, before, note }: TopicChange): AppliedUpdate {
  const now = parseRecord(change.value);
  return {
    ...(topic.service === EVERY_SERVICE && { service_name: path.service }),
    config_key: path.key,
    old_value: shown(parseRecord(before)?.config_value ?? null),
    new_value: shown(now?.config_value ?? null),
    deleted: change.value === undefined,
    updated_by: note?.updated_by ?? 'unknown',
    reason: note?.reason ?? '',
    rollback_available: note?.rollback_available ?? false,
    // A deletion is a version of its own; the record of it is kept by the authority.
    version: now?.version ?? (parseRecord(change.previous)?.version ?? 0) + 1,
  };
}

/** `conflatedFrom`: the changes are the net of all those after that revision. */
export function updateFrame(
  topic: Topic,
  generation: string,
  revision: number,
  changes: readonly TopicChange[],
  conflatedFrom?: number,
): Frame {
  const frame: UpdateFrame = {
    type: 'update',
    ...head(topic, generation, revision),
    ...(conflatedFrom !== undefined && { conflated_from: conflatedFrom }),
    updates: changes.map(change => appliedUpdate(topic, change)),
  };
  return encodeFrame(frame);
}

/** The update frames of one topic in a stretch of history. */
export function replayFrames(
  topic: Topic,
  filter: TopicFilter,
  generation: string,
  entries: readonly HistoryEntry[],
): Frame[] {
  return entries.flatMap(entry => {
    const changes = changesWithin(entry, filter);
    return changes.length > 0 ? [updateFrame(topic, generation, entry.revision, changes)] : [];
  });
}

/** The topic's entries, by their names in a snapshot frame. */
function* entriesOf({ environment, service, prefix = '' }: Topic, snapshot: Snapshot) {
  const named = function* (entries: ReadonlyMap<string, Entry>, within: string): Generator<[string, Entry]> {
    for (const [key, entry] of entries) if (key.startsWith(prefix)) yield [within + key, entry];
  };
  if (service !== EVERY_SERVICE) {
    yield* named(snapshot.service(environment, service)?.entries ?? new Map(), '');
    return;
  }
  for (const [of, name, { entries }] of snapshot.services()) {
    if (of === environment) yield* named(entries, `${name}/`);
  }
}

/** Bodies are stored JSON: they are joined, not parsed. Secrets are read by who needs them, not told. */
export function snapshotFrame(topic: Topic, snapshot: Snapshot): Frame {
  const { configurations: _, ...frame }: SnapshotFrame = {
    type: 'snapshot',
    ...head(topic, snapshot.generation, snapshot.revision),
    configurations: {},
  };
  const bodies: string[] = [];
  for (const [name, { body }] of entriesOf(topic, snapshot))
    bodies.push(`${JSON.stringify(name)}:${withhold(body)}`);
  return encodeFrame(frame, `${JSON.stringify(frame).slice(0, -1)},"configurations":{${bodies.join(',')}}}`);
}

/** @param ageMs no less than the state's true age for as long as the frame may be sent */
export function heartbeatFrame(
  topic: Topic,
  snapshot: Snapshot,
  { ageMs, state }: { readonly ageMs: number; readonly state: AgeState },
  reconnectWindowMs: number,
): Frame {
  const frame: HeartbeatFrame = {
    type: 'heartbeat',
    ...head(topic, snapshot.generation, snapshot.revision),
    age: Number.isFinite(ageMs) ? Math.ceil(ageMs) / 1_000 : null,
    state,
    reconnect_window_ms: reconnectWindowMs,
  };
  return encodeFrame(frame);
}

export function resetFrame(topic: Topic, snapshot: Snapshot, reason: ResetFrame['reason']): Frame {
  const frame: ResetFrame = { type: 'reset', ...head(topic, snapshot.generation, snapshot.revision), reason };
  return encodeFrame(frame);
}
