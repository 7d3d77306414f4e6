/**
 * The nodes of another region as a source. One of them is followed at a time; when it is lost, falls silent or
 * falls behind, the next one is. What each says is bound to (generation, revision), so it does not matter
 * which of them a region has been fed from before.
 */
import {
  ChangesHead,
  ChangesLine,
  FeedEntry,
  HEARTBEAT_KEY,
  heartbeatAt,
  ServiceError,
  SnapshotEnd,
  SnapshotHead,
} from '@quantivista/contracts';
import type { SnapshotEntry } from '@quantivista/region';
import { withTlsFailure } from '@quantivista/runtime';
import { acceptable } from './acceptable.ts';
import type { ParentClient } from './parent-client.ts';
import type { Held, Source, SourceEnd, SourceWatchOptions } from './source.ts';

export interface ParentSourceOptions {
  readonly parents: readonly ParentClient[];
  /** After so long without a heartbeat the other parents are asked whether they have one. @default 5000 */
  readonly agingMs?: number;
  readonly random?: () => number;
}

const SnapshotLine = FeedEntry.or(SnapshotEnd);
const Line = ChangesLine.or(ChangesHead);

export function createParentSource(options: ParentSourceOptions): Source {
  const { parents, agingMs = 5_000, random = Math.random } = options;
  // The feeders of a region, and regions that name the same parents, spread over them.
  let turn = Math.floor(random() * parents.length);
  const current = () => parents[turn % parents.length]!;
  /** What is known to have been held: also where Redis has lost it. Its time never goes back. */
  let known: Held = { generation: undefined, revision: undefined, completeAt: undefined };
  let beatAt = performance.now();

  const learn = (held: Held) => {
    known = {
      ...held,
      generation: held.generation ?? known.generation,
      completeAt: later(held.completeAt, known.completeAt),
    };
  };

  async function list(revision?: number) {
    const entries: SnapshotEntry[] = [];
    let head: SnapshotHead | undefined;
    for await (const value of current().snapshot(revision)) {
      if (!head) {
        head = SnapshotHead.parse(value);
        continue;
      }
      const line = SnapshotLine.parse(value);
      if ('end' in line) return { kind: 'listed' as const, revision: head.revision, entries };
      entries.push({ key: line.key, value: line.value, modRevision: line.mod_revision });
    }
    throw new ServiceError('store_unavailable', { message: `${current().url} broke off its snapshot` });
  }

  /** Take one stream to its end. */
  async function follow(
    { generation, from, onRevision }: SourceWatchOptions,
    signal: AbortSignal,
  ): Promise<SourceEnd> {
    let last = from - 1;
    for await (const value of current().changes({ generation, revision: last }, signal)) {
      if (signal.aborted) break;
      const line = Line.parse(value);
      if ('end' in line) {
        if (line.end === 'compacted') return { reason: 'compacted' };
        if (line.end === 'generation_changed') return { reason: 'generation changed' };
        break;
      }
      if (!('changes' in line)) continue;
      if (line.revision <= last) throw new Error(`revision ${line.revision} came after ${last}`);
      last = line.revision;
      const events = line.changes.map(({ key, value }) => ({ key, value: value ?? undefined }));
      const beat = events.find(({ key }) => key === HEARTBEAT_KEY)?.value;
      if (beat !== undefined) {
        beatAt = performance.now();
        learn({ generation, revision: last, completeAt: heartbeatAt(beat) });
      }
      onRevision({ revision: last, events });
    }
    return { reason: 'lost', cause: signal.reason ?? new Error(`${current().url} has ended the stream`) };
  }

  /** Whether another parent knows of a later time at which the state was complete: then turn to it. */
  async function turnToFresher(): Promise<boolean> {
    for (let ahead = 1; ahead < parents.length; ahead++) {
      const offer = await parents[(turn + ahead) % parents.length]!.offer().catch(() => undefined);
      if (!offer || performance.now() - beatAt < agingMs) continue;
      if (!acceptable(offer, known) || (offer.complete_at ?? 0) <= (known.completeAt ?? 0)) continue;
      turn += ahead;
      return true;
    }
    return false;
  }

  return {
    get name() {
      return current().url;
    },

    generation: async held => {
      learn(held);
      const causes: unknown[] = [];
      for (let tried = 0; tried < parents.length; tried++, turn++) {
        try {
          const offer = await current().offer();
          if (acceptable(offer, known)) {
            const { generation, complete_at } = offer;
            learn({ generation, revision: undefined, completeAt: complete_at ?? undefined });
            return generation;
          }
          causes.push(new Error(`${current().url} is behind what is held here`));
        } catch (error) {
          causes.push(error);
        }
      }
      const cause = new AggregateError(causes);
      throw new ServiceError('store_unavailable', {
        message: withTlsFailure('There is no parent to be fed from', cause),
        cause,
      });
    },

    list: revision =>
      list(revision).catch(error => {
        if (isFault(error, 'compacted')) return { kind: 'compacted' as const };
        if (isFault(error, 'revision_not_reached')) return { kind: 'future' as const };
        turn++;
        throw error;
      }),

    watch: watchOptions => {
      const abort = new AbortController();
      let closed = false;
      beatAt = performance.now();
      const look = setInterval(async () => {
        if (performance.now() - beatAt < agingMs || closed) return;
        if ((await turnToFresher()) && !closed) abort.abort(new Error('another parent is fresher'));
      }, agingMs);
      const ended = follow(watchOptions, abort.signal)
        .catch((cause: unknown): SourceEnd => {
          if (isFault(cause, 'compacted')) return { reason: 'compacted' };
          if (isFault(cause, 'generation_changed')) return { reason: 'generation changed' };
          return isFault(cause, 'revision_not_reached') ? { reason: 'rewound' } : { reason: 'lost', cause };
        })
        .then((end): SourceEnd => {
          clearInterval(look);
          if (closed) return { reason: 'closed' };
          // Where it was left for a fresher one, that is the current one already.
          if ((end.reason === 'lost' || end.reason === 'rewound') && !abort.signal.aborted) turn++;
          return end;
        });
      const close = () => {
        closed = true;
        abort.abort();
      };
      return { ended, close };
    },
  };
}

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : Math.max(a, b ?? a);

const isFault = (error: unknown, code: ServiceError['code']): boolean =>
  error instanceof ServiceError && error.code === code;
