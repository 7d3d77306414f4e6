/**
 * Up to 50 streams of a topic that are written together, within 2 ms on either runtime. Writing to thousands at a
 * stretch would hold up every read for as long; so each shard takes a turn of the event loop, and what gathers meanwhile
 * leaves in one go.
 */
import type { Frame, Sent } from './frame.ts';
import type { Turns } from './turns.ts';

export const SHARD_SIZE = 50;

export interface Shard<Member, Item extends Sent = Frame> {
  readonly members: ReadonlySet<Member>;
  join(member: Member): void;
  leave(member: Member): void;
  /** Send to all, after everything pushed before. */
  push(item: Item): void;
  /** Send now what waits for its turn. */
  flush(): void;
}

/** As many shards as there are streams for. To come and to go costs the same, however many that is. */
export interface Shards<Member, Item extends Sent = Frame> {
  /** None of them empty; oldest first. */
  readonly all: ReadonlySet<Shard<Member, Item>>;
  /** One with room for another, which is counted once somebody has joined it. */
  withRoom(): Shard<Member, Item>;
}

export interface ShardsOptions<Member, Item extends Sent> {
  readonly turns: Turns;
  /** What is sent to the first shard, which most topics never outgrow, leaves without waiting for a turn. @default false */
  readonly firstAtOnce?: boolean;
  deliver(member: Member, items: readonly Item[]): void;
}

export function createShards<Member, Item extends Sent = Frame>(
  options: ShardsOptions<Member, Item>,
): Shards<Member, Item> {
  const { turns, firstAtOnce = false, deliver } = options;
  const all = new Set<Shard<Member, Item>>();
  const roomy = new Set<Shard<Member, Item>>();

  function open(turns: Turns | undefined): Shard<Member, Item> {
    const members = new Set<Member>();
    let pending: Item[] = [];
    const flush = () => {
      if (pending.length === 0) return;
      const items = pending;
      pending = [];
      for (const member of members) deliver(member, items);
    };
    const shard: Shard<Member, Item> = {
      members,
      flush,
      join: member => {
        members.add(member);
        // Its last member may have left since it was found to have room.
        all.add(shard);
        if (members.size < SHARD_SIZE) roomy.add(shard);
        else roomy.delete(shard);
      },
      leave: member => {
        members.delete(member);
        roomy.add(shard);
        if (members.size > 0) return;
        roomy.delete(shard);
        all.delete(shard);
      },
      push: item => {
        pending.push(item);
        if (!turns) flush();
        else if (pending.length === 1) turns(flush);
      },
    };
    return shard;
  }

  return {
    all,
    withRoom: () => {
      const held = roomy.values().next().value;
      if (held) return held;
      return open(firstAtOnce && all.size === 0 ? undefined : turns);
    },
  };
}
