/** The common reads' request target, taken apart by hand: `new URL` alone would cost a fifth of the answer. */

export interface ReadTarget {
  /** In upper case. */
  readonly environment: string;
  readonly service: string;
  /** Absent where the whole service is asked for. */
  readonly key: string | undefined;
}

const PREFIX = '/api/v1/config/';
const QUERY = '?environment=';

/**
 * The parts of `/api/v1/config/{service}[/{key}]?environment={environment}`; `undefined` for anything else,
 * which then goes the long way: other queries, percent-escapes, deeper paths. Nothing is validated here:
 * a name that is not valid is not found, and then the long way says why.
 */
export function parseReadTarget(target: string): ReadTarget | undefined {
  if (!target.startsWith(PREFIX)) return undefined;
  const query = target.indexOf(QUERY, PREFIX.length);
  if (query < 0) return undefined;
  const environment = target.slice(query + QUERY.length);
  if (environment === '' || environment.includes('&') || target.includes('%')) return undefined;
  const slash = target.indexOf('/', PREFIX.length);
  if (slash < 0 || slash > query) {
    return {
      environment: environment.toUpperCase(),
      service: target.slice(PREFIX.length, query),
      key: undefined,
    };
  }
  const key = target.slice(slash + 1, query);
  if (key.includes('/')) return undefined;
  return { environment: environment.toUpperCase(), service: target.slice(PREFIX.length, slash), key };
}

/** Names are at most 300 characters together; what is longer is made up, and must not fill the memory. */
const LONGEST_REMEMBERED = 512;

/** {@link parseReadTarget} that remembers: services ask for the same few thousand targets over and over. */
export function createTargetParser(capacity = 20_000): (target: string) => ReadTarget | undefined {
  const known = new Map<string, ReadTarget>();
  return target => {
    const cached = known.get(target);
    if (cached) return cached;
    const parsed = parseReadTarget(target);
    if (parsed && target.length <= LONGEST_REMEMBERED) {
      if (known.size >= capacity) known.clear();
      known.set(target, parsed);
    }
    return parsed;
  };
}
