/** One message to one webhook, and how it was received. What the receiver says besides its status is not read. */
import { performance } from 'node:perf_hooks';
import type { CloudEvent } from '@quantivista/contracts';
import { type Agent, request } from 'undici';
import { signedHeaders } from './signature.ts';

export interface Message {
  readonly url: string;
  readonly event: Omit<CloudEvent, 'data'> & { readonly data: unknown };
  readonly secrets: readonly string[];
}

export interface Received {
  readonly delivered: boolean;
  /** Absent where there was no answer. */
  readonly status: number | undefined;
  readonly error: string | undefined;
  /** How long the receiver wants to be left alone. */
  readonly retryAfterMs: number | undefined;
  readonly durationMs: number;
}

export interface Sender {
  /** Never throws. Where `signal` aborts it is not known whether the message was received. */
  send(message: Message, signal?: AbortSignal): Promise<Received>;
}

/** More of an answer is not waited for: the connection is closed then. */
const MAX_ANSWER_BYTES = 16_384;
/** A receiver may not hold its events back for longer by one answer. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Seconds or a date, as RFC 9110 has it. */
export function retryAfter(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** In few words, and none of the receiver's. */
function reason(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'HeadersTimeoutError') return 'no answer in time';
  return (message || code || name).slice(0, 200);
}

export function createSender(agent: Agent, timeoutMs: number): Sender {
  return {
    send: async ({ url, event, secrets }, signal) => {
      const startedAt = performance.now();
      const now = Date.now();
      const body = JSON.stringify(event);
      const limit = AbortSignal.timeout(timeoutMs);
      const received = (rest: Partial<Received>): Received => ({
        delivered: false,
        status: undefined,
        error: undefined,
        retryAfterMs: undefined,
        ...rest,
        durationMs: Math.round(performance.now() - startedAt),
      });
      try {
        const { statusCode: status, ...answer } = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: signedHeaders({ id: event.id, body }, secrets, now),
          body,
          signal: signal ? AbortSignal.any([signal, limit]) : limit,
        });
        // Not awaited: the status says it all. Read to its end where it is short, so that the connection serves again.
        answer.body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => {});
        // Redirects are answers like others: they are not followed.
        if (status >= 200 && status < 300) return received({ delivered: true, status });
        const retryAfterMs = retryAfter(answer.headers['retry-after'], now);
        return received({ status, retryAfterMs, error: `it answered ${status}` });
      } catch (error) {
        return received({ error: reason(limit.aborted ? limit.reason : error) });
      }
    },
  };
}
