/** Every scenario, small: its invariants hold, and a seed decides everything. */
import { describe, expect, test, vi } from 'vitest';
import { checkEnd, startNetwork } from './network.ts';
import { runScenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { inWorld } from './world.ts';

vi.setConfig({ testTimeout: 60_000 });

const SMALL = { regions: 12, nodes: 4, clients: 48 };
const TINY = { regions: 4, nodes: 2, clients: 20 };

describe.each(SCENARIOS)('$name', scenario => {
  test('holds what must always hold', async () => {
    const { tables, events } = await runScenario(scenario, SMALL, 1);
    expect(tables.every(({ rows }) => rows.length > 0)).toBe(true);
    expect(events).toBeGreaterThan(1_000);
  });

  test('the same seed does the same, another does not', async () => {
    const first = await runScenario(scenario, TINY, 7);
    expect(await runScenario(scenario, TINY, 7)).toEqual(first);
    expect((await runScenario(scenario, TINY, 8)).hash).not.toBe(first.hash);
  });
});

describe('the checks find', () => {
  test('a node that holds another state', async () => {
    const checked = inWorld(1, async world => {
      const network = await startNetwork({ world, size: TINY });
      const { snapshot } = network.nodes[3]!.replica.current!;
      snapshot.apply(snapshot.revision, [{ key: '/quantivista/production/risk/key_0', value: '{}' }]);
      await checkEnd(world, network);
    });
    await expect(checked).rejects.toThrow('node 3 holds another state');
  });

  test('a node that differs from what a beat says of the store, which is healed', async () => {
    const checked = inWorld(1, async world => {
      const network = await startNetwork({ world, size: TINY });
      const { snapshot } = network.nodes[3]!.replica.current!;
      snapshot.apply(snapshot.revision, [{ key: '/quantivista/production/risk/key_0', value: '{}' }]);
      const stopBeat = world.beat();
      await network.pass(5_000);
      stopBeat();
      await checkEnd(world, network);
    });
    await expect(checked).rejects.toThrow(/^violated:\n.*node 3 drifted from what a beat says$/);
  });

  test('a revision applied twice', async () => {
    const checked = inWorld(1, async world => {
      const network = await startNetwork({ world, size: TINY });
      network.nodes[2]!.replica.apply({ revision: world.store.revision, changes: [] });
      await checkEnd(world, network);
    });
    await expect(checked).rejects.toThrow(/node 2 applied (\d+) upon \1/);
  });

  test('an age that is too small', async () => {
    const checked = inWorld(1, async world => {
      const network = await startNetwork({ world, size: TINY });
      network.regions[0]!.link.cut();
      world.change();
      await world.clock.pass(2_000);
      Object.assign(network.nodes[0]!.replica.age, { ms: () => 1_000 });
      await network.pass(100);
      network.regions[0]!.link.heal();
      await checkEnd(world, network);
    });
    await expect(checked).rejects.toThrow('node 0 reports an age of 1000 ms');
  });
});
