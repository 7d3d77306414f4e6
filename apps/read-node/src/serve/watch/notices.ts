/**
 * Streams that are told no more than that something is different now: whoever is told comes and asks. So that they
 * do not all come at once, they are told one shard after the other; what changes meanwhile is told as one.
 */
import type { Backlog } from './backlog.ts';
import type { Sent } from './frame.ts';
import { createShard, SHARD_SIZE, type Shard } from './shard.ts';
import type { WatchSocket } from './socket.ts';
import { createTurns } from './turns.ts';

export interface NoticeSource {
  /** What a stream is told now; the same object as long as nothing is different. */
  notice(): Sent;
  /** `changed` is called when it may be another. */
  listen(changed: () => void): void;
  /** Whether the bearer of a token may be told, still. */
  holds(tokenHash: string | undefined): boolean;
}

export interface NoticesOptions {
  readonly source: NoticeSource;
  readonly backlog: Backlog;
  /** With more waiting in its socket a stream is told once it has drained. */
  readonly softLimitBytes: number;
  readonly heartbeatMs: number;
  /** End the stream of one who may not be told any more. */
  readonly onRevoked: (socket: WatchSocket) => void;
}

export interface Notices {
  /** Streams that lag now. */
  readonly lagging: number;
  /** Told at once, and from then on. */
  enter(socket: WatchSocket, tokenHash: string | undefined): void;
  leave(socket: WatchSocket): void;
  /** Tell those that lagged and have drained. Call it often. */
  resume(): void;
  /** Rights have changed: end those of who may not be told any more. */
  look(): void;
  stop(): void;
}

interface Place {
  readonly socket: WatchSocket;
  readonly tokenHash: string | undefined;
  readonly shard: NoticeShard;
}
interface NoticeShard {
  readonly shard: Shard<Place, Sent>;
  /** It will be told. */
  due: NodeJS.Timeout | undefined;
}

const COALESCE_MS = 20;
/** Between two shards: 2,000 clients a second come and ask. */
const SPACING_MS = 25;
const SLICE_MS = 1;

const text = ': heartbeat\n\n';
const HEARTBEAT: Sent = { text, size: text.length, bytes: Buffer.from(text), event: Buffer.from(text) };

export function createNotices(options: NoticesOptions): Notices {
  const { source, backlog, softLimitBytes, heartbeatMs, onRevoked } = options;
  const places = new Map<WatchSocket, Place>();
  const lagging = new Set<Place>();
  const turns = createTurns(SLICE_MS);
  let shards: NoticeShard[] = [];

  const send = ({ socket }: Place, sent: Sent) => backlog.wrote(socket, socket.send([sent]));
  const deliver = (place: Place, sent: readonly Sent[]) => {
    const tooMuch = backlog.look(place.socket) > softLimitBytes;
    // Looking may have ended it.
    if (!places.has(place.socket)) return;
    // Of several that wait the last says it all, and no beat is needed beside it.
    const told = sent.findLast(each => each !== HEARTBEAT);
    if (!tooMuch) send(place, told ?? HEARTBEAT);
    else if (told) lagging.add(place);
  };
  const tell = (each: NoticeShard) => {
    each.due = undefined;
    each.shard.push(source.notice());
  };
  source.listen(() => {
    for (const [index, each] of shards.entries())
      each.due ??= setTimeout(() => tell(each), COALESCE_MS + index * SPACING_MS);
  });

  /** Each token is asked for once, however many streams it has. */
  const look = () => {
    const decided = new Map<string | undefined, boolean>();
    const holds = (tokenHash: string | undefined) => {
      const known = decided.get(tokenHash) ?? source.holds(tokenHash);
      decided.set(tokenHash, known);
      return known;
    };
    const check = ({ shard }: NoticeShard) => {
      for (const place of shard.members) if (!holds(place.tokenHash)) onRevoked(place.socket);
    };
    for (const each of shards) turns(() => check(each));
  };
  const beats = setInterval(() => {
    // A token's time may be over, which no change of rights tells of.
    look();
    for (const { shard } of shards) turns(() => shard.push(HEARTBEAT));
  }, heartbeatMs);

  return {
    get lagging() {
      return lagging.size;
    },
    enter: (socket, tokenHash) => {
      let shard = shards.find(each => each.shard.members.size < SHARD_SIZE);
      if (!shard) {
        shard = { shard: createShard(turns, deliver), due: undefined };
        shards.push(shard);
      }
      const place: Place = { socket, tokenHash, shard };
      places.set(socket, place);
      shard.shard.members.add(place);
      send(place, source.notice());
    },
    leave: socket => {
      const place = places.get(socket);
      if (!place) return;
      places.delete(socket);
      lagging.delete(place);
      place.shard.shard.members.delete(place);
      if (place.shard.shard.members.size > 0) return;
      clearTimeout(place.shard.due);
      shards = shards.filter(each => each !== place.shard);
    },
    resume: () => {
      for (const place of lagging) {
        if (backlog.look(place.socket) > 0 || !lagging.delete(place)) continue;
        send(place, source.notice());
      }
    },
    look,
    stop: () => {
      clearInterval(beats);
      for (const { due } of shards) clearTimeout(due);
    },
  };
}
