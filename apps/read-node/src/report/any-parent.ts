/** Whichever node of the region above answers: all of them keep what they are told in the one Redis of their region. */
import type { ParentClient } from '../feed/parent-client.ts';

/** @throws ServiceError: what the last of them answered, where none did what was asked */
export type AnyParent = <T>(ask: (parent: ParentClient) => Promise<T>) => Promise<T>;

export function createAnyParent(parents: readonly ParentClient[]): AnyParent {
  let turn = Math.floor(Math.random() * parents.length);
  return async ask => {
    for (let tried = 1; ; tried++) {
      try {
        return await ask(parents[turn % parents.length]!);
      } catch (error) {
        turn++;
        if (tried >= parents.length) throw error;
      }
    }
  };
}
