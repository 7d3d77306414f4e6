/**
 * What a frame tells, judged against the store: once for each distinct text, however many watchers get it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AppliedUpdate, SnapshotFrame, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import type { KeyChange } from '../commits.ts';
import { type Topic, topicName } from '../history.ts';
import type { Guarantee } from '../violation.ts';
import type { LiveChange, LiveTruth } from './truth.ts';

/** A guarantee that does not hold, before it is known whose. */
export interface Fault {
  readonly guarantee: Guarantee;
  readonly what: string;
}

export interface Telling {
  readonly text: string;
  readonly frame: WatchFrame;
  /**
   * What is wrong with its contents. The truth must have reached the frame's revision; where it does not hold
   * it any more nothing can be said, but then every watcher has passed it and none may be sent it.
   */
  faults(): readonly Fault[];
}

/** Texts remembered of a service: what its watchers are sent at about the same time. */
const REMEMBERED = 32;

/** Reads the frames of one service's watchers. */
export function createTellings(topic: Topic, truth: LiveTruth): (text: string) => Telling {
  const recent = new Map<string, Telling>();
  return text => {
    const known = recent.get(text);
    if (known) return known;
    const frame = JSON.parse(text) as WatchFrame;
    let judged: readonly Fault[] | undefined;
    const telling: Telling = { text, frame, faults: () => (judged ??= judge(frame, topic, truth)) };
    recent.set(text, telling);
    if (recent.size > REMEMBERED) recent.delete(recent.keys().next().value!);
    return telling;
  };
}

const untrue = (what: string): Fault => ({ guarantee: 'StatesExisted', what });
const torn = (what: string): Fault => ({ guarantee: 'Atomic', what });

function judge(frame: WatchFrame, topic: Topic, truth: LiveTruth): Fault[] {
  const { generation, environment, service_name: service } = frame;
  const faults: Fault[] = [];
  if (generation !== truth.generation) faults.push(untrue(`a frame of generation ${generation}`));
  const name = topicName({ environment, service });
  if (name !== topicName(topic)) faults.push(untrue(`a frame of ${name}`));
  if (frame.type === 'snapshot') faults.push(...snapshotFaults(frame, topic, truth));
  if (frame.type === 'update') {
    const told = frame.conflated_from === undefined ? updateFaults : conflatedFaults;
    faults.push(...told(frame, topic, truth));
  }
  return faults;
}

function snapshotFaults({ revision, configurations }: SnapshotFrame, topic: Topic, truth: LiveTruth) {
  const records = truth.records(topic, revision);
  if (!records) return [];
  const same = isDeepStrictEqual(configurations, Object.fromEntries(records));
  return same ? [] : [untrue(`snapshot of ${revision} is not the store's`)];
}

/** One transaction: all of its keys, no others, each as it was stored. */
function updateFaults({ revision, updates }: UpdateFrame, topic: Topic, truth: LiveTruth): Fault[] {
  if (!truth.holds(topic, revision)) return [];
  const [change] = truth.between(topic, revision - 1, revision);
  if (!change) return [untrue(`update of ${revision}, which changed nothing here`)];
  const told = new Map(updates.map(update => [update.config_key, update]));
  const faults: Fault[] = [];
  if (told.size < updates.length) faults.push(torn(`revision ${revision}: a key twice in one frame`));
  for (const [key, stored] of change.keys) {
    const update = told.get(key);
    if (!update) faults.push(torn(`revision ${revision}: without ${key}`));
    else if (!isDeepStrictEqual(content(update), expected(stored, stored.before?.config_value, change)))
      faults.push(untrue(`update of ${revision} tells ${key} otherwise than the store`));
  }
  for (const key of told.keys())
    if (!change.keys.has(key))
      faults.push(torn(`revision ${revision}: with ${key}, which it did not change`));
  return faults;
}

/**
 * A jump over several transactions: from the whole state at `conflated_from` to the whole state at `revision`.
 * Each key's last change is told, with the value from before the jump. A key that ends as it began may be left
 * out; one that none of them changed may not be told.
 */
function conflatedFaults(frame: UpdateFrame, topic: Topic, truth: LiveTruth): Fault[] {
  const { revision, conflated_from: from, updates } = frame;
  const before = truth.records(topic, from!);
  if (!before) return [];
  const last = new Map<string, { stored: KeyChange; change: LiveChange }>();
  for (const change of truth.between(topic, from!, revision))
    for (const [key, stored] of change.keys) last.set(key, { stored, change });
  const told = new Map(updates.map(update => [update.config_key, update]));
  const where = `conflated ${from} to ${revision}`;
  const faults: Fault[] = [];
  if (told.size < updates.length) faults.push(torn(`${where}: a key twice in one frame`));
  for (const [key, { stored, change }] of last) {
    const update = told.get(key);
    const same = isDeepStrictEqual(before.get(key), stored.now);
    if (!update && !same) faults.push(torn(`${where}: without ${key}`));
    if (
      update &&
      !isDeepStrictEqual(content(update), expected(stored, before.get(key)?.config_value, change))
    )
      faults.push(untrue(`${where}: tells ${key} otherwise than the store`));
  }
  for (const key of told.keys())
    if (!last.has(key)) faults.push(torn(`${where}: with ${key}, which did not change`));
  return faults;
}

const content = ({ config_key: _, service_name: __, ...told }: AppliedUpdate) => told;

const expected = (
  { now, version }: KeyChange,
  before: AppliedUpdate['old_value'] | undefined,
  { note }: LiveChange,
): Omit<AppliedUpdate, 'config_key' | 'service_name'> => ({
  old_value: before ?? null,
  new_value: now?.config_value ?? null,
  deleted: now === undefined,
  updated_by: note?.updated_by ?? 'unknown',
  reason: note?.reason ?? '',
  rollback_available: note?.rollback_available ?? false,
  version,
});
