/** One request, and its answer or failure. The only place that knows the HTTP client. */
import {
  type Problem,
  type ProposalView,
  parseProgress,
  type RegionProgress,
  TRIAL_HEADER,
} from '@quantivista/contracts';
import { type Dispatcher, fetch } from 'undici';
import { describeProblem, Failure } from './fault.ts';
import { Proposed } from './proposed.ts';

const TIMEOUT_MS = 30_000;
const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

export interface HttpRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** `text`: the answer is a document, taken as it is. @default JSON */
  readonly answer?: 'text';
  readonly token?: string | undefined;
  readonly dispatcher?: Dispatcher | undefined;
  /** Seconds that the server may wait for the regions. */
  readonly waitS?: number | undefined;
}

export interface Reply<T> {
  /** `undefined` for 204. */
  readonly body: T;
  /** Revision of the state, or of the change; absent where the server does not say. */
  readonly revision: number | undefined;
  /** Seconds since the state was known to be complete. */
  readonly ageS: number | undefined;
  readonly etag: string | undefined;
  /** How far a change had come in each region; absent where the server did not wait. */
  readonly propagation: readonly RegionProgress[] | undefined;
  /** The proposal that a change on trial is on record as. */
  readonly trial: string | undefined;
}

/**
 * Send a request to the server at `baseUrl`.
 * @throws Failure with the problem that it answered, or without a status where it could not be reached; Proposed
 * where what was asked for needs approvals, or waits for its time
 */
export async function send<T>(baseUrl: string, request: HttpRequest): Promise<Reply<T>> {
  const url = new URL(baseUrl + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
  if (request.token !== undefined) headers.authorization = `Bearer ${request.token}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  if (request.waitS !== undefined) headers.prefer = `wait=${request.waitS}`;
  const timeoutMs = TIMEOUT_MS + (request.waitS ?? 0) * 1_000;
  let status: number;
  let answered: Headers;
  let text: string;
  try {
    const response = await fetch(url, {
      method: request.method ?? 'GET',
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: AbortSignal.timeout(timeoutMs),
      ...(request.dispatcher && { dispatcher: request.dispatcher }),
    });
    status = response.status;
    answered = response.headers as unknown as Headers;
    text = await response.text();
  } catch (error) {
    throw new Failure(`${baseUrl} can't be reached: ${networkReason(error, timeoutMs)}`);
  }
  if (status < 200 || status > 299) throw answerFailure(baseUrl, status, text, answered.get('retry-after'));
  if (status === 202) throw new Proposed([parse(text, baseUrl) as ProposalView]);
  return {
    body: (request.answer === 'text' ? text : text === '' ? undefined : parse(text, baseUrl)) as T,
    revision: number(answered.get('x-config-revision')),
    ageS: number(answered.get('x-config-age')),
    etag: answered.get('etag') ?? undefined,
    propagation: answered.has('preference-applied')
      ? parseProgress(answered.get('x-config-propagation') ?? '')
      : undefined,
    trial: answered.get(TRIAL_HEADER) ?? undefined,
  };
}

/** The failure that an answer of a status other than 2xx stands for. `retryAfter` in seconds. */
export function answerFailure(
  baseUrl: string,
  status: number,
  text: string,
  retryAfter: string | null | undefined,
): Failure {
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {}
  const isProblem = typeof problem === 'object' && problem !== null && 'title' in problem;
  const message = isProblem ? describeProblem(problem as Partial<Problem>) : `${baseUrl} answered ${status}`;
  return new Failure(message, status, number(retryAfter));
}

/** Why a connection failed, in a few words. */
export function networkReason(error: unknown, timeoutMs = TIMEOUT_MS): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`;
  if (error.cause instanceof Error) return networkReason(error.cause, timeoutMs);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND') return 'unknown host';
  if (code !== undefined && UNTRUSTED.has(code))
    return 'its certificate is signed by nobody who is trusted here: --ca-file names who is';
  return error.message || code || 'connection failed';
}

function parse(text: string, baseUrl: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`${baseUrl} did not answer JSON: is it a QuantiVista server?`);
  }
}

function number(text: string | null | undefined): number | undefined {
  return text ? Number(text) : undefined;
}
