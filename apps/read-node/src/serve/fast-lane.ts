/** The common reads, answered before any framework is asked. */
import type { Credential } from '@quantivista/access';
import { problemHeaders, ServiceError, toProblem } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';
import { type Answer, answerKey, answerService, tagged } from './answer.ts';
import { parseFlagdTarget } from './flagd/target.ts';
import type { HeldFlags } from './flags/held-flags.ts';
import { parseFlagsTarget } from './flags/target.ts';
import type { ReadAccess } from './read-access.ts';
import { flagsResource } from './readable.ts';
import type { Reader } from './reader.ts';
import type { KeyPath, SecretAnswers } from './secret-answers.ts';
import { createTargetParser } from './target.ts';

export interface ReadRequest {
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  readonly credential: Credential | null;
  readonly ifNoneMatch: string | null;
}

/** Reads answered here, by status: counted by hand, since a metrics library would cost as much as the read. */
export interface ReadCounts {
  ok: number;
  notModified: number;
}

export interface FastLane {
  readonly counts: ReadCounts;
  /** The answer to a GET, 429 where its caller comes too often; `undefined`: it is not plain, and goes the long way. */
  resolve(request: ReadRequest): Answer | undefined;
}

export interface FastLaneOptions {
  readonly replica: Replica;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  /** Absent where there is no store of secrets: nobody is shown any. */
  readonly secretAnswers: SecretAnswers | undefined;
}

const tooMany = new ServiceError('rate_limited');
const TOO_MANY: Answer = {
  status: tooMany.status,
  headers: problemHeaders(tooMany.code),
  body: JSON.stringify(toProblem(tooMany)),
};

export function createFastLane({ replica, access, flags, secretAnswers }: FastLaneOptions): FastLane {
  const parse = createTargetParser();
  const counts: ReadCounts = { ok: 0, notModified: 0 };

  function answerFlags(target: string, reader: Reader, ifNoneMatch: string | null): Answer | undefined {
    const service = parseFlagsTarget(target);
    if (service === undefined || !reader.decide(flagsResource(service)).allowed) return undefined;
    const list = flags.current?.listFor(service, false);
    return list && tagged(replica, list.tag, ifNoneMatch, () => list.body);
  }
  function answerFlagd(target: string, reader: Reader, ifNoneMatch: string | null): Answer | undefined {
    const wanted = parseFlagdTarget(target);
    if (!wanted || !reader.decide(flagsResource(wanted.service)).allowed) return undefined;
    const text = flags.current?.flagdFor(wanted.service);
    return text && tagged(replica, text.tag, ifNoneMatch, () => text.body);
  }
  function answerConfiguration(
    target: string,
    reader: Reader,
    ifNoneMatch: string | null,
  ): Answer | undefined {
    const path = parse(target);
    const snapshot = replica.current?.snapshot;
    // What is remembered of a reader is of services that there are.
    const service = path && snapshot?.service(path.environment, path.service);
    if (!path || !snapshot || !service) return undefined;
    const extent = reader.extent(path.environment, path.service);
    if (extent === 'none') return undefined;
    // Most services have no secrets, and their reads pay for nothing but this look.
    if (service.sealed && secretAnswers) {
      const shown = secretAnswers.shownTo(reader, path, service);
      if (shown === 'some') return undefined;
      if (shown === 'all') {
        const sealed = path.key === undefined ? undefined : service.sealed.get(path.key);
        return sealed
          ? secretAnswers.key(path as KeyPath, sealed, ifNoneMatch)
          : secretAnswers.service(path, service, ifNoneMatch);
      }
    }
    return path.key === undefined
      ? answerService(replica, snapshot, path, ifNoneMatch, extent)
      : answerKey(replica, snapshot, path as typeof path & { key: string }, ifNoneMatch, extent);
  }

  return {
    counts,
    resolve: ({ target, credential, ifNoneMatch }) => {
      const reader = access.reader(credential);
      if (!reader) return undefined;
      const answer =
        answerConfiguration(target, reader, ifNoneMatch) ??
        answerFlags(target, reader, ifNoneMatch) ??
        answerFlagd(target, reader, ifNoneMatch);
      if (!answer) return undefined;
      // Here and not before: what goes the long way is counted there.
      if (!reader.take()) return { ...TOO_MANY, headers: { ...TOO_MANY.headers } };
      counts[answer.status === 304 ? 'notModified' : 'ok']++;
      return answer;
    },
  };
}
