/** The newest state that nodes have told of. It never goes back, whichever node is asked next. */

import type { Bookmark, Frame, Position } from '../follow/wire.ts';
import { ConfigError } from '../refusal.ts';
import type { Age } from './age.ts';
import { follow, type State } from './state.ts';

export interface Seen {
  readonly state: State | undefined;
  /** Begin with a state from before. */
  restore(state: State): void;
  /** A stream begins, from a node that stands there: what it sends has come as far once it has reached that. */
  opened(position: Position | undefined): void;
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
  /** Whose age is that of the state as soon as this has come as far. */
  let ahead: (Bookmark & { readonly completeAt: number }) | undefined;
  let left: { readonly generation: string; readonly at: number } | undefined;

  const isLeft = (generation: string) => left?.generation === generation && now() - left.at < LEFT_FOR_MS;
  const misfit = (code: string, { type, generation, revision }: Frame, node: string) =>
    new ConfigError(
      node,
      code,
      `a ${type} of ${generation}:${revision} after ${state?.generation}:${state?.revision}`,
    );

  function reach(): void {
    if (!ahead || !state || ahead.generation !== state.generation || ahead.revision > state.revision) return;
    age.heard(now() - ahead.completeAt);
    ahead = undefined;
  }

  return {
    get state() {
      return state;
    },
    restore: before => {
      state = before;
    },
    opened: position => {
      ahead = position && { ...position, completeAt: now() - position.ageMs };
      reach();
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
      reach();
      if (frame.type === 'heartbeat' && frame.age !== null) age.heard(frame.age * 1_000);
      return next;
    },
  };
}
