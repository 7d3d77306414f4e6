/** The common reads, answered before any framework is asked. */
import type { Replica } from '../follow/replica.ts';
import { type Answer, answerKey, answerService, tagged } from './answer.ts';
import type { HeldFlags } from './flags/held-flags.ts';
import { parseFlagsTarget } from './flags/target.ts';
import type { ReadAccess } from './read-access.ts';
import { flagsResource } from './readable.ts';
import type { Reader } from './reader.ts';
import { createTargetParser } from './target.ts';

export interface ReadRequest {
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  readonly authorization: string | null;
  readonly ifNoneMatch: string | null;
}

/** Reads answered here, by status: counted by hand, since a metrics library would cost as much as the read. */
export interface ReadCounts {
  ok: number;
  notModified: number;
}

export interface FastLane {
  readonly counts: ReadCounts;
  /** The answer to a GET; `undefined` for everything that is not plain success: that goes the long way. */
  resolve(request: ReadRequest): Answer | undefined;
}

export function createFastLane(replica: Replica, access: ReadAccess, flags: HeldFlags): FastLane {
  const parse = createTargetParser();
  const counts: ReadCounts = { ok: 0, notModified: 0 };

  function answerFlags(target: string, reader: Reader, ifNoneMatch: string | null): Answer | undefined {
    const service = parseFlagsTarget(target);
    if (service === undefined || !reader.decide(flagsResource(service)).allowed) return undefined;
    const list = flags.current?.listFor(service, false);
    return list && tagged(replica, list.tag, ifNoneMatch, () => list.body);
  }
  function answerConfiguration(
    target: string,
    reader: Reader,
    ifNoneMatch: string | null,
  ): Answer | undefined {
    const path = parse(target);
    const snapshot = replica.current?.snapshot;
    // What is remembered of a reader is of services that there are.
    if (!path || !snapshot?.service(path.environment, path.service)) return undefined;
    const extent = reader.extent(path.environment, path.service);
    if (extent === 'none') return undefined;
    return path.key === undefined
      ? answerService(replica, snapshot, path, ifNoneMatch, extent)
      : answerKey(replica, snapshot, path as typeof path & { key: string }, ifNoneMatch, extent);
  }

  return {
    counts,
    resolve: ({ target, authorization, ifNoneMatch }) => {
      const reader = access.reader(authorization);
      if (!reader) return undefined;
      const answer =
        answerConfiguration(target, reader, ifNoneMatch) ?? answerFlags(target, reader, ifNoneMatch);
      if (answer) counts[answer.status === 304 ? 'notModified' : 'ok']++;
      return answer;
    },
  };
}
