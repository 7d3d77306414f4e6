/** The newest state that nodes have told of. It never goes back, whichever node is asked next. */

import type { Frame } from '../follow/wire.ts';
import { ConfigError } from '../refusal.ts';
import type { Age } from './age.ts';
import { follow, type State } from './state.ts';

export interface Seen {
  readonly state: State | undefined;
  /** Begin with a state from before. */
  restore(state: State): void;
  /**
   * @param node that has sent the frame
   * @throws ConfigError `went_back` where that node is behind what was seen, `another_generation` where it left out a snapshot
   */
  take(frame: Frame, node: string): State;
}

/** All nodes know of a store's new life long before. */
const LEFT_FOR_MS = 60_000;

/** @param now milliseconds of a clock that never goes back */
export function createSeen(age: Age, now: () => number): Seen {
  let state: State | undefined;
  let left: { readonly generation: string; readonly at: number } | undefined;

  const isLeft = (generation: string) => left?.generation === generation && now() - left.at < LEFT_FOR_MS;
  const misfit = (code: string, { type, generation, revision }: Frame, node: string) =>
    new ConfigError(
      node,
      code,
      `a ${type} of ${generation}:${revision} after ${state?.generation}:${state?.revision}`,
    );

  return {
    get state() {
      return state;
    },
    restore: before => {
      state = before;
    },
    take: (frame, node) => {
      if (isLeft(frame.generation)) throw misfit('went_back', frame, node);
      const next = follow(state, frame);
      if (typeof next === 'string') throw misfit(next, frame, node);
      if (next.generation !== state?.generation) {
        if (state) left = { generation: state.generation, at: now() };
        age.forget();
      }
      state = next;
      if (frame.type === 'heartbeat' && frame.age !== null) age.heard(frame.age * 1_000);
      return next;
    },
  };
}
