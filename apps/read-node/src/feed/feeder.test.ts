import { GENERATION_KEY } from '@quantivista/contracts';
import type { RegionState, RegionWriter } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { createFeeder } from './feeder.ts';
import type { Source, SourceEnd } from './source.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';

/** A store with nothing in it but its generation, whose watches end when they are closed. */
const source: Source = {
  name: 'etcd',
  generation: async () => GENERATION,
  list: async () => ({
    kind: 'listed',
    revision: 7,
    entries: [{ key: GENERATION_KEY, value: GENERATION, modRevision: 1 }],
  }),
  watch: () => {
    const { promise: ended, resolve } = Promise.withResolvers<SourceEnd>();
    return { ended, close: () => resolve({ reason: 'closed' }) };
  },
};

/** A region that takes whatever comes. */
function region(onPublish: () => void): RegionWriter {
  let held: RegionState = { generation: undefined, revision: undefined };
  return {
    state: async () => held,
    value: async () => undefined,
    publish: async (_seen: RegionState, generation: string, revision: number) => {
      held = { generation, revision };
      onPublish();
      return 'published';
    },
  } as Partial<RegionWriter> as RegionWriter;
}

test.each(['while it publishes', 'while it watches'])('it ends when it is told to %s', async when => {
  const stop = new AbortController();
  const publishing = when === 'while it publishes';
  const feeder = createFeeder({
    source,
    region: region(() => publishing && stop.abort()),
    log: silentLog,
  });
  const ended = feeder.run(stop.signal);
  if (!publishing) {
    await expect.poll(() => feeder.state).toBe('watching');
    stop.abort();
  }
  await ended;
  expect(feeder.published).toBe(1);
});
