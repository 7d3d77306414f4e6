/** Lets a writer wait until the regions have what was written. */
import { formatProgress, type RegionProgress, type RegionReport } from '@quantivista/contracts';
import { onAbort } from '@quantivista/runtime';
import type { Committed } from '../write/commit.ts';
import { isPending, progressOf } from './propagation.ts';
import type { Regions } from './regions.ts';

/** What a writer waits for. */
type Written = Pick<Committed, 'generation' | 'revision' | 'plan'>;

export interface RegionWait {
  /**
   * The headers of the answer to a write that asked to wait `seconds`: none where it did not, else once every
   * live region that holds an environment it changed has applied the write, or the time is over. Never
   * rejects: the write stands.
   */
  headers(seconds: number | undefined, written: Written): Promise<Record<string, string>>;
  /** Answer all who wait, now and from now on: this process ends. */
  release(): void;
}

export function createRegionWait(regions: Regions): RegionWait {
  const released = new AbortController();

  async function wait(written: Written, limitMs: number): Promise<RegionProgress[]> {
    const changed = new Set<string>(written.plan.changes.map(({ environment }) => environment));
    const holds = ({ environments }: RegionReport) =>
      !environments || environments.some(each => changed.has(each));
    const concerned = () => regions.heads().filter(holds);
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const check = () => {
      if (regions.known && !isPending(concerned(), written)) end();
    };
    const timer = setTimeout(end, limitMs);
    const stopListening = [regions.listen(check), onAbort(released.signal, end)];
    check();
    await over;
    clearTimeout(timer);
    for (const stop of stopListening) stop();
    return progressOf(concerned(), written);
  }

  return {
    headers: async (seconds, written) => {
      if (seconds === undefined) return {};
      const progress = await wait(written, seconds * 1_000);
      return {
        'preference-applied': `wait=${seconds}`,
        'x-config-propagation': formatProgress(progress),
        link: `</api/v1/propagation/${written.revision}>; rel="status"`,
      };
    },
    release: () => released.abort(),
  };
}
