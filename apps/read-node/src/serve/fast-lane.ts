/** The common reads, answered before any framework is asked. */
import type { Replica } from '../follow/replica.ts';
import { type Answer, answerKey, answerService, tagged } from './answer.ts';
import { parseFlagdTarget } from './flagd/target.ts';
import type { HeldFlags } from './flags/held-flags.ts';
import { parseFlagsTarget } from './flags/target.ts';
import type { ReadAccess } from './read-access.ts';
import type { KeyPath, SecretAnswers } from './secret-answers.ts';
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

export interface FastLaneOptions {
  readonly replica: Replica;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  /** Absent where there is no store of secrets: nobody is shown any. */
  readonly secretAnswers: SecretAnswers | undefined;
}

export function createFastLane({ replica, access, flags, secretAnswers }: FastLaneOptions): FastLane {
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
  function answerConfiguration(
    target: string,
    authorization: string | null,
    ifNoneMatch: string | null,
  ): Answer | undefined {
    const path = parse(target);
    const snapshot = replica.current?.snapshot;
    if (!path || !snapshot) return undefined;
    if (secretAnswers) {
      const service = snapshot.service(path.environment, path.service);
      // Most services have no secrets, and their reads pay for nothing but this look.
      if (service?.sealed && access.allowsSecrets(authorization, path)) {
        if (path.key === undefined) return secretAnswers.service(path, service, ifNoneMatch);
        const sealed = service.sealed.get(path.key);
        if (sealed) return secretAnswers.key(path as KeyPath, sealed, ifNoneMatch);
      }
    }
    return path.key === undefined
      ? answerService(replica, snapshot, path, ifNoneMatch)
      : answerKey(replica, snapshot, path as typeof path & { key: string }, ifNoneMatch);
  }

  return {
    counts,
    resolve: ({ target, authorization, ifNoneMatch }) => {
      if (!access.allows(authorization)) return undefined;
      const answer =
        answerConfiguration(target, authorization, ifNoneMatch) ??
        answerFlags(target, ifNoneMatch) ??
        answerFlagd(target, ifNoneMatch);
      if (answer) counts[answer.status === 304 ? 'notModified' : 'ok']++;
      return answer;
    },
  };
}
