/** A scenario: something that happens to a network, and what is seen of it. */
import type { Network, Size } from './network.ts';
import type { Table } from './tables.ts';
import { inWorld, type World } from './world.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Throws where an invariant is broken. */
  run(world: World, size: Size): Promise<Table[]>;
}

export interface Outcome {
  readonly tables: readonly Table[];
  /** Equal in two runs that did exactly the same. */
  readonly hash: string;
  readonly events: number;
  /** Virtual time, in milliseconds. */
  readonly ranMs: number;
}

export const runScenario = (scenario: Scenario, size: Size, seed: number): Promise<Outcome> =>
  inWorld(seed, async world => {
    const tables = await scenario.run(world, size);
    const { events, clock } = world;
    return { tables, hash: events.hash(), events: events.events, ranMs: clock.now() };
  });

/** Something in which time passes: a network, or one that is watched. */
type Passing = Pick<Network, 'pass'>;

/** `network`, with a look at it each tenth of a second: whatever the phase of a beat that is greatest or least. */
export const watched = (network: Passing, look: () => void): Passing => ({
  pass: async ms => {
    for (let left = ms; left > 0; left -= 100) {
      await network.pass(Math.min(left, 100));
      look();
    }
  },
});

/** Let time pass with a change each second. */
export async function passWithChanges(world: World, network: Passing, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    // Not in step with the beats, which fall on other moments of the second.
    await network.pass(400);
    world.change();
    await network.pass(600);
  }
}

/** @throws Error where a stated bound is broken */
export function mustHold(what: string, holds: boolean): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}
