/** What a read answers, as plain data: the same whichever runtime and whichever way the request came. */
import type { Extent } from '@quantivista/access';
import { entityTag, noneMatch, WITHHELD_HEADER } from '@quantivista/contracts';
import type { Snapshot } from '@quantivista/snapshot';
import type { Replica } from '../follow/replica.ts';
import { isReadable, mapFor, sealedWithin } from './readable.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** `null` where the status allows none. */
  readonly body: string | null;
}

export const toResponse = ({ body, status, headers }: Answer): Response =>
  new Response(body, { status, headers });

/** Seconds, in thousandths, rounded up: a reported age is never less than the true one. */
export const formatAge = (ageMs: number): string =>
  Number.isFinite(ageMs) ? (Math.ceil(ageMs) / 1_000).toFixed(3) : 'unknown';

/** Where the state stands: on every answer, errors among them. */
export function positionHeaders({ current, age }: Replica): Record<string, string> {
  const at = { 'x-config-age': formatAge(age.ms()), 'x-config-state': age.state() };
  if (!current) return at;
  const { revision, generation } = current.snapshot;
  return { 'x-config-revision': String(revision), 'x-config-generation': generation, ...at };
}

/** On every answer that comes from the state. */
export const stateHeaders = (replica: Replica): Record<string, string> => ({
  'content-type': 'application/json',
  // All that a browser needs to be told of JSON; the framework's answers have more.
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
  ...positionHeaders(replica),
});

/** `body` with its tag, or 304 where the caller has it already. */
export function tagged(
  replica: Replica,
  tag: string,
  ifNoneMatch: string | null,
  body: () => string,
): Answer {
  const headers = stateHeaders(replica);
  headers.etag = tag;
  return noneMatch(ifNoneMatch, tag)
    ? { status: 200, headers, body: body() }
    : { status: 304, headers, body: null };
}

/** One configuration, a secret's value withheld; `undefined` where it does not exist, or not within what may be read. */
export function answerKey(
  replica: Replica,
  snapshot: Snapshot,
  path: { environment: string; service: string; key: string },
  ifNoneMatch: string | null,
  extent: Extent = 'all',
): Answer | undefined {
  const service = snapshot.service(path.environment, path.service);
  const entry = service?.entries.get(path.key);
  if (!service || !entry || !isReadable(extent, path.service, path.key, entry)) return undefined;
  const tag = entityTag(snapshot.generation, entry.revision);
  const sealed = service.sealed?.get(path.key);
  return sealed
    ? withheldIn(
        tagged(replica, tag, ifNoneMatch, () => sealed.shown),
        1,
      )
    : tagged(replica, tag, ifNoneMatch, () => entry.body);
}

function withheldIn(answer: Answer, count: number): Answer {
  answer.headers[WITHHELD_HEADER] = String(count);
  return answer;
}

/**
 * A service's map, or what of it may be read, its secrets withheld; `undefined` where nothing was ever configured
 * for it.
 */
export function answerService(
  replica: Replica,
  snapshot: Snapshot,
  path: { environment: string; service: string },
  ifNoneMatch: string | null,
  extent: Extent = 'all',
): Answer | undefined {
  const service = snapshot.service(path.environment, path.service);
  if (!service) return undefined;
  const map = mapFor(service, snapshot.generation, path.service, extent);
  const answer = tagged(replica, map.tag, ifNoneMatch, () => map.body);
  const withheld = service.sealed ? sealedWithin(service.sealed, path.service, extent) : 0;
  return withheld > 0 ? withheldIn(answer, withheld) : answer;
}
