/** Authorities beat side by side while others write, and the store is now and then put back to a backup. */
import { COMMIT_KEY, GENERATION_KEY, HEARTBEAT_KEY } from '@quantivista/contracts';
import { silentLog } from '@quantivista/runtime';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMemoryAudit } from '../test/memory-audit.ts';
import { createMemoryEtcd } from '../test/memory-etcd.ts';
import { createHeartbeat } from './heartbeat.ts';
import { type StoreFacts, whyRestored } from './restored.ts';

const SECOND = 1_000;
/** What `etcdutl snapshot restore --bump-revision` adds. */
const BUMP = 1_000_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A store, its trail, and up to three authorities that know of writes at once. */
function createWorld() {
  const store = createMemoryEtcd();
  const recorded = new Map<string, number>();
  const audit = {
    ...createMemoryAudit().audit,
    highestRevision: async (generation: string) => recorded.get(generation) ?? 0,
  };
  const authorities = new Map<number, () => Promise<void>>();
  const generation = () => store.value(GENERATION_KEY);
  return {
    store,
    generation,
    beat: () => store.value(HEARTBEAT_KEY),
    write: () => {
      if (generation() === undefined) return;
      store.put(COMMIT_KEY, '{}');
      recorded.set(generation()!, store.revision);
    },
    start: (id: number) => {
      if (authorities.has(id)) return;
      const abort = new AbortController();
      const running = createHeartbeat({
        etcd: store.etcd,
        audit,
        log: silentLog,
        intervalMs: SECOND,
        store: { checked: () => undefined, newestCommit: of => recorded.get(of) ?? 0 },
      }).run(abort.signal);
      authorities.set(id, async () => {
        abort.abort();
        await running;
      });
    },
    stop: async (id: number) => {
      await authorities.get(id)?.();
      authorities.delete(id);
    },
    running: () => authorities.size,
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}
type World = ReturnType<typeof createWorld>;

const step = fc.oneof(
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2_500 }) }),
  fc.record({ do: fc.constant('write' as const) }),
  fc.record({ do: fc.constantFrom('start' as const, 'stop' as const), id: fc.nat({ max: 2 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function carryOut(world: World, steps: readonly Step[]): Promise<void> {
  for (const each of steps) {
    if (each.do === 'pass') await world.pass(each.ms);
    else if (each.do === 'write') world.write();
    else await world[each.do](each.id);
  }
}
async function within(run: (world: World) => Promise<void>): Promise<void> {
  const world = createWorld();
  world.start(0);
  world.start(1);
  await world.pass(50);
  try {
    await run(world);
  } finally {
    for (const id of [0, 1, 2]) await world.stop(id);
  }
}

describe('whatever authorities do', () => {
  test('they never take each other, or a writer, for a restore', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), steps =>
        within(async world => {
          const before = world.generation();
          await carryOut(world, steps);
          expect(world.generation()).toBe(before);
        }),
      ),
      { numRuns: 100 },
    );
  });

  test('a restore that lost a write is noticed, whatever its revision and whoever runs', async () => {
    const script = fc.array(step, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(script, script, script, fc.constantFrom(0, BUMP), (before, lost, down, bump) =>
        within(async world => {
          await carryOut(world, before);
          const restore = world.store.backup();
          const commit = world.store.entries.get(COMMIT_KEY);
          await carryOut(world, lost);
          const generation = world.generation();
          const written = world.store.entries.get(COMMIT_KEY) !== commit;
          restore();
          world.store.revision += bump;
          await carryOut(
            world,
            down.filter(each => each.do !== 'write'),
          );
          if (world.running() === 0) world.start(2);
          await world.pass(3 * SECOND);
          if (written) expect(world.generation()).not.toBe(generation);
        }),
      ),
      { numRuns: 150 },
    );
  });

  test('a restore that lost nothing but a beat is noticed by those who knew it', async () => {
    const ms = fc.integer({ min: 0, max: 5_000 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        ms,
        fc.constantFrom(0, BUMP),
        (before, lostMs, bump) =>
          within(async world => {
            await carryOut(world, before);
            const [restore, beat, generation] = [world.store.backup(), world.beat(), world.generation()];
            await world.pass(lostMs);
            const beaten = world.beat() !== beat;
            restore();
            world.store.revision += bump;
            await world.pass(3 * SECOND);
            if (beaten) expect(world.generation()).not.toBe(generation);
            else expect(world.generation()).toBe(generation);
          }),
      ),
      { numRuns: 150 },
    );
  });
});

describe('a later state of the same store', () => {
  const beat = (modRevision: number, sequence: number, value = 'v') => ({ modRevision, sequence, value });
  const known: StoreFacts = { revision: 100, beat: beat(90, 7), commit: 80 };
  const later: [string, Partial<StoreFacts>][] = [
    ['is one where nothing happened', {}],
    ['has more of everything', { revision: 120, beat: beat(110, 9), commit: 105 }],
  ];
  test.each(later)('%s', (_, facts) => {
    expect(whyRestored(known, { ...known, ...facts })).toBeUndefined();
  });
  const restored: [string, Partial<StoreFacts>][] = [
    ['is not at a lower revision', { revision: 99 }],
    ['does not lack a write', { revision: BUMP, commit: 79 }],
    ['does not lack the heartbeat', { beat: undefined }],
    ['has no older heartbeat', { revision: BUMP, beat: beat(89, 6) }],
    ['does not count the same heartbeat twice', { revision: BUMP, beat: beat(BUMP, 7) }],
    ['has no other heartbeat at the same revision', { beat: beat(90, 7, 'w') }],
  ];
  test.each(restored)('%s', (_, facts) => {
    expect(whyRestored(known, { ...known, ...facts })).toBeDefined();
  });
});
