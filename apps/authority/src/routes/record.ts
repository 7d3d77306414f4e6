/** Flags and segments as they are answered: one with its entity tag, many in pages. */
import { entityTag, GENERATION_KEY, noneMatch, ServiceError } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { Context } from 'hono';
import { stateHeaders } from './headers.ts';

/** Stored JSON with its tag; 304 without it where the caller has it already. */
export function answerTagged(c: Context, headers: Record<string, string>, body: string): Response {
  return noneMatch(c.req.header('if-none-match') ?? null, headers.etag ?? '')
    ? c.body(body, 200, { ...headers, 'content-type': 'application/json' })
    : c.body(null, 304, headers);
}

/** The record that stands at an etcd key, as it is stored. @throws ServiceError `not_found`, `not_ready` */
export async function answerRecord(c: Context, etcd: Etcd, key: string): Promise<Response> {
  const { revision, entries } = await etcd.read([GENERATION_KEY, key]);
  const [generation, entry] = entries;
  if (generation === undefined) throw new ServiceError('not_ready');
  if (entry === undefined) throw new ServiceError('not_found');
  const tag = entityTag(generation.value, entry.modRevision);
  return answerTagged(c, stateHeaders(generation.value, revision, tag), entry.value);
}

/** Of records in any order, the page after a name; `next`, the name to ask with for the following one. */
export function pageOf<T>(
  records: readonly (readonly [name: string, record: T])[],
  { limit, after = '' }: { limit: number; after?: string | undefined },
): { page: T[]; next: string | undefined } {
  const rest = records.filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1));
  const page = rest.slice(0, limit);
  return {
    page: page.map(([, record]) => record),
    next: rest.length > limit ? page.at(-1)?.[0] : undefined,
  };
}
