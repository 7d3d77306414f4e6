/** I3: whatever is served, read or pushed, is what the store had at that revision. */
import { isDeepStrictEqual } from 'node:util';
import type { AppliedUpdate, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import type { KeyChange } from './commits.ts';
import { type History, type Topic, topicName } from './history.ts';
import type { Truth } from './truth.ts';
import type { Check, Violation } from './violation.ts';

export const statesExisted: Check = (history, truth) => [...reads(history, truth), ...frames(history, truth)];

function* reads({ generation, lives }: History, truth: Truth): Generator<Violation> {
  for (const { node, life, reads } of lives) {
    const where = `${node}, life ${life}`;
    for (const { topic, revision, map, generation: of } of reads) {
      const name = `${topicName(topic)} at ${revision}`;
      if (of !== generation) yield violation(`${name} is of generation ${of}`, where);
      else if (revision > truth.last)
        yield violation(`${name} is of a revision that was never reached`, where);
      else if (!isDeepStrictEqual(map, truth.values(topic, revision)))
        yield violation(`${name} is not the store's`, where);
    }
  }
}

function* frames({ generation, watchers }: History, truth: Truth): Generator<Violation> {
  for (const { id, topic, events } of watchers) {
    for (const event of events) {
      if (event.kind !== 'frame') continue;
      const what =
        event.frame.generation === generation
          ? untrue(event.frame, topic, truth)
          : `a frame of generation ${event.frame.generation}`;
      if (what !== undefined) yield violation(what, `${id} from ${event.node}`);
    }
  }
}

/** What is wrong with a frame; `undefined` where the store says the same. */
function untrue(frame: WatchFrame, topic: Topic, truth: Truth): string | undefined {
  const { revision } = frame;
  const of = topicName({ environment: frame.environment, service: frame.service_name });
  if (of !== topicName(topic)) return `a frame of ${of}`;
  if (revision > truth.last) return `${frame.type} of ${revision}, which was never reached`;
  if (frame.type === 'snapshot') {
    const same = isDeepStrictEqual(frame.configurations, truth.records(topic, revision));
    return same ? undefined : `snapshot of ${revision} is not the store's`;
  }
  if (frame.type !== 'update') return undefined;
  if (frame.conflated_from !== undefined) return untrueJump(frame, frame.conflated_from, topic, truth);
  const change = truth.change(topic, revision);
  if (!change) return `update of ${revision}, which changed nothing here`;
  const wrong = frame.updates.find(update => {
    const key = change.keys.get(update.config_key);
    return key && !isDeepStrictEqual(told(update), stored(key));
  });
  return wrong && `update of ${revision} tells ${wrong.config_key} otherwise than the store`;
}

/** From one whole state to another: every key that differs is told, and none that was not touched. */
function untrueJump(
  { revision, updates }: UpdateFrame,
  from: number,
  topic: Topic,
  truth: Truth,
): string | undefined {
  const [before, after] = [truth.records(topic, from), truth.records(topic, revision)];
  const touched = new Map(truth.between(topic, from, revision).flatMap(change => [...change.keys]));
  const where = `jump from ${from} to ${revision}`;
  const names = new Set(updates.map(update => update.config_key));
  if (names.size < updates.length) return `${where} tells a key twice`;
  for (const key of touched.keys())
    if (!names.has(key) && !isDeepStrictEqual(before[key], after[key])) return `${where} leaves out ${key}`;
  for (const update of updates) {
    const key = touched.get(update.config_key);
    if (!key) return `${where} tells ${update.config_key}, which did not change`;
    const is = { ...stored(key), old_value: before[update.config_key]?.config_value ?? null };
    if (!isDeepStrictEqual(told(update), is))
      return `${where} tells ${update.config_key} otherwise than the store`;
  }
  return undefined;
}

const told = ({ old_value, new_value, deleted, version }: AppliedUpdate) => ({
  old_value,
  new_value,
  deleted,
  version,
});
const stored = ({ before, now, version }: KeyChange) => ({
  old_value: before?.config_value ?? null,
  new_value: now?.config_value ?? null,
  deleted: now === undefined,
  version,
});
const violation = (what: string, where: string): Violation => ({ guarantee: 'StatesExisted', what, where });
