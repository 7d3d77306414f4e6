/** The common reads, answered before any framework is asked. */
import type { Replica } from '../follow/replica.ts';
import { type Answer, answerKey, answerService, tagged } from './answer.ts';
import { parseFlagdTarget } from './flagd/target.ts';
import type { HeldFlags } from './flags/held-flags.ts';
import { parseFlagsTarget } from './flags/target.ts';
import type { ReadAccess } from './read-access.ts';
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

  function answerFlags(target: string, ifNoneMatch: string | null): Answer | undefined {
    const service = parseFlagsTarget(target);
    const list = service === undefined ? undefined : flags.current?.listFor(service, false);
    return list && tagged(replica, list.tag, ifNoneMatch, () => list.body);
  }
  function answerFlagd(target: string, ifNoneMatch: string | null): Answer | undefined {
    const wanted = parseFlagdTarget(target);
    const text = wanted && flags.current?.flagdFor(wanted.service);
    return text && tagged(replica, text.tag, ifNoneMatch, () => text.body);
  }
  function answerConfiguration(target: string, ifNoneMatch: string | null): Answer | undefined {
    const path = parse(target);
    const snapshot = replica.current?.snapshot;
    if (!path || !snapshot) return undefined;
    return path.key === undefined
      ? answerService(replica, snapshot, path, ifNoneMatch)
      : answerKey(replica, snapshot, path as typeof path & { key: string }, ifNoneMatch);
  }

  return {
    counts,
    resolve: ({ target, authorization, ifNoneMatch }) => {
      if (!access.allows(authorization)) return undefined;
      const answer =
        answerConfiguration(target, ifNoneMatch) ??
        answerFlags(target, ifNoneMatch) ??
        answerFlagd(target, ifNoneMatch);
      if (answer) counts[answer.status === 304 ? 'notModified' : 'ok']++;
      return answer;
    },
  };
}
