/**
 * OFREP: what any OpenFeature SDK asks, and every answer to it, errors among them. No framework stands before it: an
 * evaluation takes less than any of them.
 */
import { type ClientCertificate, credentialOf, SOME } from '@quantivista/access';
import {
  noneMatch,
  OFREP_EVENTS_PATH,
  OFREP_PREFIX,
  problemHeaders,
  refuseTokenInUrl,
  ServiceError,
} from '@quantivista/contracts';
import type { Log } from '@quantivista/runtime';
import type { Replica } from '../../../follow/replica.ts';
import { type Answer, stateHeaders } from '../../answer.ts';
import type { Origins } from '../../origins.ts';
import { positionFor } from '../../problem.ts';
import type { AddressOf, ReadAccess } from '../../read-access.ts';
import { flagsResource } from '../../readable.ts';
import type { Reader } from '../../reader.ts';
import type { StateFor } from '../../state-for.ts';
import { EVENT_STREAM_HEADERS } from '../../watch/event-stream.ts';
import { createTurns } from '../../watch/turns.ts';
import type { Evaluator } from '../evaluator.ts';
import type { HeldFlags } from '../held-flags.ts';
import { createBulk } from './bulk.ts';
import { LARGE_BYTES, parseContext } from './context.ts';
import { createEnvelopes, ofrepFault } from './envelopes.ts';
import { parseOfrepTarget, wantedState } from './target.ts';

export interface OfrepCall {
  readonly method: string;
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  readonly authorization: string | null;
  /** Of `X-API-Key`: a token, where there is no Authorization. */
  readonly apiKey: string | null;
  /** Of the connection, where it shows one; for a request that brings neither. */
  readonly certificate?: ClientCertificate | undefined;
  readonly ifNoneMatch: string | null;
  /** Of the page that asks. */
  readonly origin: string | null;
  readonly address: AddressOf;
}

/** Requests by what came of them. */
export interface OfrepCounts {
  flag: number;
  all: number;
  notModified: number;
  failed: number;
}

export interface Ofrep {
  readonly counts: OfrepCounts;
  /** Answer a request. Its body is asked for only of those who may read. @param readBody throws ServiceError */
  answer(call: OfrepCall, readBody: () => Promise<Buffer>): Promise<Answer>;
  /**
   * Why there is no stream of events. A browser gives up for good at any status but 200: where a retry may help, it
   * is given an empty stream that says when.
   */
  streamRefusal(error: unknown, origin: string | null): Answer;
  /** Headers of a stream of events. */
  streamHeaders(origin: string | null): Readonly<Record<string, string>>;
}

export interface OfrepOptions {
  readonly replica: Replica;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  readonly evaluator: Evaluator;
  readonly origins: Origins;
  readonly stateFor: StateFor;
  readonly log: Log;
}

export const isOfrep = (target: string): boolean => target.startsWith(OFREP_PREFIX);

/** Large bodies wait for their turn, so that reads have theirs between two of them. */
const SLICE_MS = 1;

export function createOfrep(options: OfrepOptions): Ofrep {
  const { replica, access, flags, evaluator, origins, stateFor, log } = options;
  const turns = createTurns(SLICE_MS);
  const envelopes = createEnvelopes();
  const evaluateAll = createBulk({ evaluator, envelopes, isOpen: access.holds(undefined) });
  const counts: OfrepCounts = { flag: 0, all: 0, notModified: 0, failed: 0 };

  const refusal = (error: unknown, origin: string | null, key?: string): Answer => {
    const { fault, status, body } = ofrepFault(error, key);
    if (fault.code === 'internal') log.error({ err: error }, 'a request failed');
    counts.failed++;
    const headers = {
      ...problemHeaders(fault.code, fault.retryAfterS),
      ...positionFor(fault.code, replica),
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      ...(fault.code === 'method_not_allowed' && { allow: 'POST, OPTIONS' }),
      ...origins.headers(origin),
    };
    return { status, headers, body };
  };
  const streamRefusal: Ofrep['streamRefusal'] = (error, origin) => {
    const answer = refusal(error, origin);
    const retryAfterS = answer.headers['retry-after'];
    if (retryAfterS === undefined) return answer;
    const headers = { ...EVENT_STREAM_HEADERS, ...origins.headers(origin) };
    return { status: 200, headers, body: `retry: ${Number(retryAfterS) * 1_000}\n\n` };
  };
  const EVALUATED = flagsResource(SOME);
  const readerOf = async (call: OfrepCall): Promise<Reader> => {
    const { authorization, apiKey, origin, certificate, address } = call;
    const token = authorization ?? (apiKey === null ? undefined : `Bearer ${apiKey}`);
    const shown = credentialOf(token, origin ?? undefined, certificate) ?? null;
    await access.meet(shown, address);
    return access.require(shown, EVALUATED);
  };
  const headersFor = (origin: string | null) => Object.assign(stateHeaders(replica), origins.headers(origin));

  function answerFlag(key: string, body: Buffer, reader: Reader, { origin }: OfrepCall): Answer {
    const context = parseContext(body);
    const state = flags.current;
    if (!state) throw new ServiceError('not_ready');
    const { status, text } = envelopes.of(key, evaluator.one(state, key, context, reader));
    counts[status === 200 ? 'flag' : 'failed']++;
    return { status, headers: headersFor(origin), body: text };
  }
  function answerAll(body: Buffer, reader: Reader, { origin, ifNoneMatch }: OfrepCall): Answer {
    const context = parseContext(body);
    const state = flags.current;
    if (!state) throw new ServiceError('not_ready');
    const { tag, body: write } = evaluateAll(state, replica.current!.snapshot.generation, context, reader);
    const headers = headersFor(origin);
    headers.etag = tag;
    const isNew = noneMatch(ifNoneMatch, tag);
    counts[isNew ? 'all' : 'notModified']++;
    return isNew ? { status: 200, headers, body: write() } : { status: 304, headers, body: null };
  }

  async function answer(call: OfrepCall, readBody: () => Promise<Buffer>): Promise<Answer> {
    const { method, origin } = call;
    if (method === 'OPTIONS') return { status: 204, headers: { ...origins.preflight(origin) }, body: null };
    const target = parseOfrepTarget(call.target);
    try {
      refuseTokenInUrl(call.target);
      const reader = await readerOf(call);
      if (!target && !call.target.startsWith(OFREP_EVENTS_PATH)) throw new ServiceError('not_found');
      if (!target || method !== 'POST') throw new ServiceError('method_not_allowed');
      const { key, query } = target;
      const body = await readBody();
      if (query !== undefined) await stateFor(wantedState(query, replica.current?.snapshot.generation));
      if (body.length > LARGE_BYTES) await new Promise<void>(turns);
      return key === undefined ? answerAll(body, reader, call) : answerFlag(key, body, reader, call);
    } catch (error) {
      return refusal(error, origin, target?.key);
    }
  }

  return { counts, answer, streamRefusal, streamHeaders: origins.headers };
}
