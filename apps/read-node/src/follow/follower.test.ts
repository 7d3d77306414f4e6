import { HEARTBEAT_KEY } from '@quantivista/contracts';
import type { RegionReader, RegionState, StreamEntry } from '@quantivista/region';
import { silentLog } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { createFollower } from './follower.ts';
import { createReplica } from './replica.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const at = (revision?: number): RegionState => ({
  generation: revision === undefined ? undefined : GENERATION,
  revision,
});
const change = (revision: number): StreamEntry => ({
  kind: 'changes',
  revision,
  prev: revision - 1,
  changes: [{ key: '/quantivista/test/risk/a', value: String(revision), previous: undefined }],
});

/** One exchange: what the stream answers, and what the region holds when it is asked right after. */
interface Exchange {
  readonly entries?: readonly StreamEntry[];
  readonly state?: RegionState;
  readonly fails?: boolean;
}

/** Follow a region that holds revision 5 and then answers as `exchanges` say; how often the state was loaded. */
async function follow(exchanges: readonly Exchange[]): Promise<{ loads: number; revision: number }> {
  const abort = new AbortController();
  const left = [...exchanges];
  let held = at(5);
  const region = {
    state: async () => held,
    async *pages() {
      yield [{ key: HEARTBEAT_KEY, value: '{"sequence":1,"at":1}', modRevision: held.revision! }];
    },
    tail: async () => [{ kind: 'reset', revision: held.revision! }],
    next: async () => {
      const exchange = left.shift();
      if (!exchange) abort.abort();
      if (exchange?.fails) throw new Error('away');
      held = exchange?.state ?? held;
      return exchange?.entries ?? [];
    },
  } as unknown as RegionReader;
  const replica = createReplica({ agingMs: 1_000, staleMs: 2_000 });
  const follower = createFollower({ region, replica, log: silentLog, history: { length: 100 } });
  await follower.run(abort.signal);
  return { loads: follower.loads, revision: replica.current!.snapshot.revision };
}

test('news that came after the stream was read are read next', async () => {
  const exchanges = [{ state: at(7) }, { entries: [change(6), change(7)] }];
  expect(await follow(exchanges)).toEqual({ loads: 1, revision: 7 });
});

test('news that the stream does not have are loaded', async () => {
  expect(await follow([{ state: at(7) }, { state: at(7) }])).toEqual({ loads: 2, revision: 7 });
});

test.each<[string, Exchange[]]>([
  ['was empty', [{ state: at() }]],
  ['was empty and is behind', [{ state: at() }, { state: at(3) }]],
  ['did not answer', [{ state: at(6) }, { fails: true }]],
])('a region that %s is fed again beside the reading, and nothing is loaded', async (_, before) => {
  // What is fed reaches the node's revision just after the stream was read.
  const exchanges = [...before, { state: at(7) }, { entries: [change(6), change(7)] }];
  expect(await follow(exchanges)).toEqual({ loads: 1, revision: 7 });
});
