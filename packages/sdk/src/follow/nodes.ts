/** Which node is asked next, and when. */

export interface Nodes {
  /** The first, in order of preference, that may be asked now; else the one that may be asked soonest. */
  next(): { readonly url: string; readonly waitMs: number };
  /** It is not asked again before `atLeastMs` have passed, and each time in a row for longer. */
  failed(url: string, atLeastMs?: number): void;
  /** It has answered. */
  answered(url: string): void;
}

const FIRST_BOUND_MS = 500;
const LAST_BOUND_MS = 30_000;

/**
 * @param urls base URLs, the nearest first
 * @param now milliseconds of a clock that never goes back
 * @param random a number in [0, 1)
 */
export function createNodes(urls: readonly string[], now: () => number, random = Math.random): Nodes {
  const nodes = urls.map(url => ({ url, failures: 0, notBefore: Number.NEGATIVE_INFINITY }));
  const find = (url: string) => nodes.find(each => each.url === url)!;
  return {
    next: () => {
      const at = now();
      const soonest = nodes.reduce((best, each) => (each.notBefore < best.notBefore ? each : best));
      const { url, notBefore } = nodes.find(each => each.notBefore <= at) ?? soonest;
      return { url, waitMs: Math.max(0, notBefore - at) };
    },
    failed: (url, atLeastMs = 0) => {
      const node = find(url);
      // Full jitter: those that failed together must not come back together.
      const boundMs = Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** Math.min(node.failures++, 30));
      node.notBefore = now() + atLeastMs + random() * boundMs;
    },
    answered: url => {
      const node = find(url);
      node.failures = 0;
      node.notBefore = Number.NEGATIVE_INFINITY;
    },
  };
}
