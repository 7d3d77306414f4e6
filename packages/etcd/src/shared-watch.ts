/**
 * One watch for all who follow something in this process: each change comes from etcd once, however many want it.
 * Who begins elsewhere than where that watch stands has a watch of its own until it has come to the same place.
 */
import type { Etcd } from './etcd.ts';
import type { RevisionEvents, Watch, WatchEnd, WatchOptions } from './watch.ts';

interface Follower extends Pick<WatchOptions, 'prefix' | 'onRevision'> {
  /** First revision that it has not been told of. */
  next: number;
  readonly end: (reason: WatchEnd) => void;
  line: Line;
}

/** A watch of the whole, and those who follow it. */
interface Line {
  readonly watch: Watch;
  readonly followers: Set<Follower>;
  /** Told up to here; of a new one, where it begins. */
  revision: number;
}

/**
 * The same store, whose watches of what begins with `prefix` are one. Each tells of every revision that changed
 * anything there, with no events where none of them is its own: so it knows how far it has come. It is by what
 * changes that they come together, so something must now and then, as the heartbeat does. Where the one watch
 * ends, it ends for all.
 */
export function shareWatches(etcd: Etcd, prefix: string): Etcd {
  /** Whom the others join. */
  let main: Line | undefined;

  function open(options: WatchOptions): Line {
    const line: Line = {
      watch: etcd.watch({ ...options, prefix, onRevision: events => tell(line, events) }),
      followers: new Set(),
      revision: options.from - 1,
    };
    main ??= line;
    void line.watch.ended.then(reason => {
      if (main === line) main = undefined;
      for (const follower of line.followers) follower.end(reason);
    });
    return line;
  }

  function tell(line: Line, { revision, events }: RevisionEvents): void {
    line.revision = revision;
    for (const follower of line.followers) {
      if (revision < follower.next) continue;
      follower.next = revision + 1;
      follower.onRevision({ revision, events: events.filter(({ key }) => key.startsWith(follower.prefix)) });
    }
    // Each may have closed its own.
    if (line.followers.size === 0) return;
    main ??= line;
    // They were told of what the main one has told of, or of more: that is passed over when it tells it again.
    if (line !== main && revision >= main.revision)
      for (const follower of line.followers) join(main, follower);
  }

  function join(line: Line, follower: Follower): void {
    leave(follower);
    follower.line = line;
    line.followers.add(follower);
  }

  function leave(follower: Follower): void {
    const { line } = follower;
    line.followers.delete(follower);
    if (line.followers.size > 0) return;
    if (main === line) main = undefined;
    line.watch.close();
  }

  return {
    ...etcd,
    watch: options => {
      const { from: next, onRevision } = options;
      const { promise: ended, resolve } = Promise.withResolvers<WatchEnd>();
      // Behind it something would be missed. Before it the store may never have been: it may have been restored.
      const line = main?.revision === next - 1 ? main : open(options);
      const follower: Follower = { prefix: options.prefix, onRevision, next, line, end: resolve };
      line.followers.add(follower);
      return {
        ended,
        close: () => {
          leave(follower);
          resolve({ reason: 'closed' });
        },
      };
    },
  };
}
