/** Frames of one topic, encoded. The same functions serve live changes and those replayed from history. */
import {
  type AppliedUpdate,
  COMMIT_KEY,
  type CommitNote,
  type Configuration,
  type ConfigurationPath,
  type HeartbeatFrame,
  parseConfigurationKey,
  type ResetFrame,
  type SnapshotFrame,
  type UpdateFrame,
} from '@quantivista/contracts';
import type { Change } from '@quantivista/region';
import type { Snapshot } from '@quantivista/snapshot';
import type { HistoryEntry } from '../../follow/history.ts';
import type { Replica } from '../../follow/replica.ts';

export interface Topic {
  /** In upper case. */
  readonly environment: ConfigurationPath['environment'];
  readonly service: string;
}

export const topicName = ({ environment, service }: Topic): string => `${environment}/${service}`;

const head = (topic: Topic, generation: string, revision: number) => ({
  generation,
  revision,
  environment: topic.environment,
  service_name: topic.service,
});

/** The services that a revision touches, with their keys' changes. */
export function changesByTopic(
  changes: readonly Change[],
): Map<string, { topic: Topic; changes: [string, Change][] }> {
  const topics = new Map<string, { topic: Topic; changes: [string, Change][] }>();
  for (const change of changes) {
    const path = parseConfigurationKey(change.key);
    if (!path) continue;
    const name = topicName(path);
    const found = topics.get(name) ?? { topic: path, changes: [] };
    topics.set(name, found);
    found.changes.push([path.key, change]);
  }
  return topics;
}

/** Who and why; a change made without the authority has no note. */
export function commitNote(changes: readonly Change[]): CommitNote | undefined {
  const text = changes.find(change => change.key === COMMIT_KEY)?.value;
  return text === undefined ? undefined : (JSON.parse(text) as CommitNote);
}

/** The record; `undefined` for no value, and for one that was not put by the authority. */
function parseRecord(text: string | undefined): Configuration | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Configuration);
  } catch {
    return undefined;
  }
}

function appliedUpdate(key: string, change: Change, note: CommitNote | undefined): AppliedUpdate {
  const now = parseRecord(change.value);
  const before = parseRecord(change.previous);
  return {
    config_key: key,
    old_value: before?.config_value ?? null,
    new_value: now?.config_value ?? null,
    deleted: change.value === undefined,
    updated_by: note?.updated_by ?? 'unknown',
    reason: note?.reason ?? '',
    rollback_available: note?.rollback_available ?? false,
    // A deletion is a version of its own; the record of it is kept by the authority.
    version: now?.version ?? (before?.version ?? 0) + 1,
  };
}

export function updateFrame(
  topic: Topic,
  generation: string,
  revision: number,
  changes: readonly [string, Change][],
  note: CommitNote | undefined,
): string {
  const frame: UpdateFrame = {
    type: 'update',
    ...head(topic, generation, revision),
    updates: changes.map(([key, change]) => appliedUpdate(key, change, note)),
  };
  return JSON.stringify(frame);
}

/** The update frames of one topic in a stretch of history. */
export function replayFrames(topic: Topic, generation: string, entries: readonly HistoryEntry[]): string[] {
  const name = topicName(topic);
  return entries.flatMap(({ revision, changes }) => {
    const found = changesByTopic(changes).get(name);
    return found ? [updateFrame(topic, generation, revision, found.changes, commitNote(changes))] : [];
  });
}

/** Bodies are stored JSON: they are joined, not parsed. */
export function snapshotFrame(topic: Topic, snapshot: Snapshot): string {
  const { configurations: _, ...frame }: SnapshotFrame = {
    type: 'snapshot',
    ...head(topic, snapshot.generation, snapshot.revision),
    configurations: {},
  };
  const entries = snapshot.service(topic.environment, topic.service)?.entries ?? new Map();
  const bodies = [...entries].map(([key, entry]) => `${JSON.stringify(key)}:${entry.body}`);
  return `${JSON.stringify(frame).slice(0, -1)},"configurations":{${bodies.join(',')}}}`;
}

export function heartbeatFrame(
  topic: Topic,
  snapshot: Snapshot,
  age: Replica['age'],
  reconnectWindowMs: number,
): string {
  const frame: HeartbeatFrame = {
    type: 'heartbeat',
    ...head(topic, snapshot.generation, snapshot.revision),
    age: Number.isFinite(age.ms()) ? Math.ceil(age.ms()) / 1_000 : null,
    state: age.state(),
    reconnect_window_ms: reconnectWindowMs,
  };
  return JSON.stringify(frame);
}

export function resetFrame(topic: Topic, snapshot: Snapshot, reason: ResetFrame['reason']): string {
  const frame: ResetFrame = { type: 'reset', ...head(topic, snapshot.generation, snapshot.revision), reason };
  return JSON.stringify(frame);
}
