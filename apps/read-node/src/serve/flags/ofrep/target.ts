/** What an OFREP request is for, from its path and query. */
import { OFREP_FLAGS_PATH, OfrepBulkQuery, parseRequest } from '@quantivista/contracts';

export interface OfrepTarget {
  /** Absent where all flags are asked for. */
  readonly key: string | undefined;
  /** Absent where nothing is asked of the state. */
  readonly query: string | undefined;
}

/** @param target path and query, as they stand in the request line @returns `undefined` for other paths */
export function parseOfrepTarget(target: string): OfrepTarget | undefined {
  if (!target.startsWith(OFREP_FLAGS_PATH)) return undefined;
  const mark = target.indexOf('?', OFREP_FLAGS_PATH.length);
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? undefined : target.slice(mark + 1);
  if (path.length === OFREP_FLAGS_PATH.length) return { key: undefined, query };
  if (path[OFREP_FLAGS_PATH.length] !== '/') return undefined;
  return { key: decoded(path.slice(OFREP_FLAGS_PATH.length + 1)), query };
}

/** What is no escape stands for itself: such a flag is not found, and its name is in the answer. */
function decoded(key: string): string {
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** The state that a query asks for. @throws ServiceError `invalid_request` */
export function wantedState(query: string, generation: string | undefined) {
  const { min_revision, max_age, flagConfigEtag } = parseRequest(
    OfrepBulkQuery,
    Object.fromEntries(new URLSearchParams(query)),
    'query',
  );
  const told = flagConfigEtag === undefined ? undefined : revisionOf(flagConfigEtag, generation);
  const revision = Math.max(min_revision ?? -1, told ?? -1);
  return { min_revision: revision < 0 ? undefined : revision, max_age };
}

/** Of an event's tag; `undefined` for one of another life of the store, and for any other text. */
function revisionOf(tag: string, generation: string | undefined): number | undefined {
  const [, of, revision] = /^"?([0-9a-f]{8})\.(\d{1,15})"?$/.exec(tag) ?? [];
  return of !== undefined && generation?.startsWith(of) ? Number(revision) : undefined;
}
