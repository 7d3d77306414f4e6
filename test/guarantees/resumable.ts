/**
 * I1 Resumable: on any node, a stream goes on with the first change after the revision it was asked to
 * resume from. Where the node can't, it says so with a reset.
 */
import { newestSeen, type WatchEvent, type Watcher } from './history.ts';
import type { Truth } from './truth.ts';
import type { Check, Violation } from './violation.ts';

export const resumable: Check = ({ watchers, generation }, truth) =>
  watchers.flatMap(watcher =>
    watcher.events.flatMap((event, at): Violation[] => {
      if (event.kind !== 'connect') return [];
      const where = `${watcher.id} at ${event.node}`;
      const what =
        askedWrong(event, newestSeen(watcher.events.slice(0, at)), generation) ??
        answeredWrong(watcher, at, truth);
      return what === undefined ? [] : [{ guarantee: 'Resumable', what, where }];
    }),
  );

type Connect = Extract<WatchEvent, { kind: 'connect' }>;

/** The watcher itself must ask for what follows the last frame it saw, or the history proves nothing. */
function askedWrong({ since }: Connect, newest: number, generation: string): string | undefined {
  if (newest < 0) return undefined;
  if (!since) return `connected anew although ${newest} was seen`;
  if (since.generation !== generation) return `resumed in generation ${since.generation}`;
  return since.revision === newest
    ? undefined
    : `resumed from ${since.revision} although ${newest} was seen last`;
}

function answeredWrong({ topic, events }: Watcher, at: number, truth: Truth): string | undefined {
  const { since } = events[at] as Connect;
  const next = events[at + 1];
  if (next?.kind !== 'frame') return undefined;
  const { frame } = next;
  const { type, revision } = frame;
  if (!since) return type === 'snapshot' ? undefined : `began with ${type} instead of a snapshot`;
  if (type === 'reset') return undefined;
  if (type === 'snapshot') return `resumed from ${since.revision} with a snapshot, without a reset`;
  if (revision < since.revision) return `resumed from ${since.revision} with ${type} of ${revision}`;
  const from = frame.type === 'update' ? (frame.conflated_from ?? revision - 1) : revision;
  const skipped = truth.between(topic, since.revision, from)[0];
  if (skipped) return `resumed from ${since.revision} with ${type} of ${revision}, past ${skipped.revision}`;
  return type === 'update' && revision === since.revision
    ? `resumed from ${since.revision} with the same again`
    : undefined;
}
