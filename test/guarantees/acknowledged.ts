/**
 * I2: an acknowledged write is in the store, at its revision and whole; a refused one is not; and the store
 * holds nothing that no one wrote. A write of unknown outcome may stand or not, but not in part.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@quantivista/contracts';
import type { Commit, KeyChange } from './commits.ts';
import { type IntendedChange, topicName, type Write } from './history.ts';
import type { Truth } from './truth.ts';
import type { Check, Violation } from './violation.ts';

export const acknowledged: Check = ({ writes }, truth) => {
  const byId = new Map(writes.map(write => [write.id, write]));
  const commitsOf = Map.groupBy(truth.commits, commit => commit.note?.reason ?? '');
  return [
    ...truth.commits.flatMap(commit => foreign(commit, byId)),
    ...writes.flatMap(write => misplaced(write, commitsOf.get(write.id) ?? [], truth)),
    ...truth.commits.flatMap(commit => miscounted(commit, truth)),
    ...overtaken(writes),
  ];
};

const violation = (what: string, where: string): Violation => ({ guarantee: 'Acknowledged', what, where });

function foreign({ revision, note }: Commit, byId: ReadonlyMap<string, Write>): Violation[] {
  if (note && byId.has(note.reason)) return [];
  return [violation('no one wrote this', `revision ${revision}`)];
}

function misplaced(write: Write, commits: readonly Commit[], truth: Truth): Violation[] {
  const { id, outcome } = write;
  const found: Violation[] = [];
  if (commits.length > 1) found.push(violation(`stored ${commits.length} times`, id));
  if (outcome.kind === 'refused' && commits.length > 0) found.push(violation('refused, but stored', id));
  if (outcome.kind === 'acknowledged' && commits[0]?.revision !== outcome.revision) {
    const at = commits[0] ? `is at ${commits[0].revision}` : 'is not in the store';
    found.push(violation(`acknowledged at ${outcome.revision}, but ${at}`, id));
  }
  for (const commit of commits) {
    const meant = new Map(write.changes.map(change => [nameOf(change), meaning(change, truth)]));
    const stored = new Map(commit.changes.map(change => [nameOf(change), valueLeft(change)]));
    if (!isDeepStrictEqual(stored, meant))
      found.push(violation(`stored otherwise than written at ${commit.revision}`, id));
  }
  return found;
}

const nameOf = (change: IntendedChange | KeyChange): string =>
  `${topicName('topic' in change ? change.topic : change)}/${change.key}`;

const valueLeft = ({ now }: KeyChange): Json | undefined => now?.config_value;

/** The value that the change is to leave behind; `undefined` for none. */
function meaning(change: IntendedChange, truth: Truth): Json | undefined {
  if (change.to === 'value') return change.value;
  if (change.to === 'nothing') return undefined;
  return truth.key(change, change.key).find(past => past.version === change.version)?.now?.config_value;
}

/** A key's versions count its changes, without a gap, across deletion. */
function miscounted({ revision, changes }: Commit, truth: Truth): Violation[] {
  return changes
    .filter(({ topic, key, version }) => {
      const past = truth.key(topic, key);
      const at = past.findIndex(change => change.revision === revision);
      return version !== (past[at - 1]?.version ?? 0) + 1;
    })
    .map(change => violation(`${nameOf(change)} has version ${change.version}`, `revision ${revision}`));
}

/** A write sent after another was acknowledged comes after it in the store. */
function overtaken(writes: readonly Write[]): Violation[] {
  const done = writes
    .filter(write => write.outcome.kind === 'acknowledged')
    .map(write => ({ ...write, revision: (write.outcome as { revision: number }).revision }));
  const byAnswer = done.toSorted((a, b) => a.answeredAt - b.answeredAt);
  const found: Violation[] = [];
  let newest = -1;
  let next = 0;
  for (const write of done.toSorted((a, b) => a.sentAt - b.sentAt)) {
    for (; next < byAnswer.length && byAnswer[next]!.answeredAt < write.sentAt; next++)
      newest = Math.max(newest, byAnswer[next]!.revision);
    if (write.revision <= newest)
      found.push(violation(`at ${write.revision}, though sent after ${newest} was acknowledged`, write.id));
  }
  return found;
}
