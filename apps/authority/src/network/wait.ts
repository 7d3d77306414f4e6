/** Lets a writer wait until the regions have what was written. */
import { type Bookmark, formatProgress, type RegionProgress } from '@quantivista/contracts';
import { isPending, progressOf } from './propagation.ts';
import type { Regions } from './regions.ts';

export interface RegionWait {
  /**
   * The headers of the answer to a write that asked to wait `seconds`: none where it did not, else once every
   * live region has applied the write, or the time is over. Never rejects: the write stands.
   */
  headers(seconds: number | undefined, of: Bookmark): Promise<Record<string, string>>;
  /** Answer all who wait, now and from now on: this process ends. */
  release(): void;
}

export function createRegionWait(regions: Regions): RegionWait {
  const released = new AbortController();

  function wait(of: Bookmark, limitMs: number): Promise<RegionProgress[]> {
    const { promise, resolve } = Promise.withResolvers<RegionProgress[]>();
    const end = () => {
      clearTimeout(timer);
      stopListening();
      released.signal.removeEventListener('abort', end);
      resolve(progressOf(regions.heads(), of));
    };
    const check = () => {
      if (regions.known && !isPending(regions.heads(), of)) end();
    };
    const stopListening = regions.listen(check);
    const timer = setTimeout(end, limitMs);
    released.signal.addEventListener('abort', end);
    if (released.signal.aborted) end();
    else check();
    return promise;
  }

  return {
    headers: async (seconds, { generation, revision }) => {
      if (seconds === undefined) return {};
      const progress = await wait({ generation, revision }, seconds * 1_000);
      return {
        'preference-applied': `wait=${seconds}`,
        'x-config-propagation': formatProgress(progress),
        link: `</api/v1/propagation/${revision}>; rel="status"`,
      };
    },
    release: () => released.abort(),
  };
}
