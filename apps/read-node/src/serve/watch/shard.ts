/**
 * Up to 50 streams of a topic that are written together, within 2 ms on either runtime. Writing to thousands at a
 * stretch would hold up every read for as long; so each shard takes a turn of the event loop, and what gathers meanwhile
 * leaves in one go.
 */
import type { Frame, Sent } from './frame.ts';
import type { Turns } from './turns.ts';

export const SHARD_SIZE = 50;

export interface Shard<Member, Item extends Sent = Frame> {
  readonly members: Set<Member>;
  /** Send to all, after everything pushed before. */
  push(item: Item): void;
  /** Send now what waits for its turn. */
  flush(): void;
}

/** `turns` is absent where frames leave at once: for a topic's first shard, which most topics never outgrow. */
export function createShard<Member, Item extends Sent = Frame>(
  turns: Turns | undefined,
  deliver: (member: Member, items: readonly Item[]) => void,
): Shard<Member, Item> {
  const members = new Set<Member>();
  let pending: Item[] = [];

  const flush = () => {
    if (pending.length === 0) return;
    const items = pending;
    pending = [];
    for (const member of members) deliver(member, items);
  };

  return {
    members,
    flush,
    push: item => {
      pending.push(item);
      if (!turns) flush();
      else if (pending.length === 1) turns(flush);
    },
  };
}
