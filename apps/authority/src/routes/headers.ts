/** The headers that say where a state stands. At the authority it is never older than the request. */

export const stateHeaders = (
  generation: string,
  revision: number,
  etag?: string,
): Record<string, string> => ({
  'cache-control': 'no-cache',
  'x-config-generation': generation,
  'x-config-revision': String(revision),
  'x-config-age': '0.000',
  'x-config-state': 'FRESH',
  ...(etag !== undefined && { etag }),
});

/** Of a state of the past: it has no age. */
export const pastHeaders = (generation: string, revision: number): Record<string, string> => ({
  'cache-control': 'no-cache',
  'x-config-generation': generation,
  'x-config-revision': String(revision),
});
