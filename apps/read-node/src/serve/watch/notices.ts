/**
 * Streams that are told no more than that something is different now: whoever is told comes and asks. So that they
 * do not all come at once, they are told one shard after the other; what changes meanwhile is told as one.
 */
import type { Backlog } from './backlog.ts';
import type { Sent } from './frame.ts';
import { createShards, type Shard } from './shard.ts';
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
type NoticeShard = Shard<Place, Sent>;

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
  /** Shards that will be told. */
  const due = new Map<NoticeShard, NodeJS.Timeout>();

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
  const shards = createShards<Place, Sent>({ turns, deliver });
  const tell = (shard: NoticeShard) => {
    due.delete(shard);
    shard.push(source.notice());
  };
  source.listen(() => {
    let inMs = COALESCE_MS;
    for (const shard of shards.all) {
      if (!due.has(shard)) due.set(shard, setTimeout(tell, inMs, shard));
      inMs += SPACING_MS;
    }
  });

  /** Each token is asked for once, however many streams it has. */
  const look = () => {
    const decided = new Map<string | undefined, boolean>();
    const holds = (tokenHash: string | undefined) => {
      const known = decided.get(tokenHash) ?? source.holds(tokenHash);
      decided.set(tokenHash, known);
      return known;
    };
    const check = ({ members }: NoticeShard) => {
      for (const place of members) if (!holds(place.tokenHash)) onRevoked(place.socket);
    };
    for (const shard of shards.all) turns(() => check(shard));
  };
  const beats = setInterval(() => {
    // A token's time may be over, which no change of rights tells of.
    look();
    for (const shard of shards.all) turns(() => shard.push(HEARTBEAT));
  }, heartbeatMs);

  return {
    get lagging() {
      return lagging.size;
    },
    enter: (socket, tokenHash) => {
      const place: Place = { socket, tokenHash, shard: shards.withRoom() };
      places.set(socket, place);
      place.shard.join(place);
      send(place, source.notice());
    },
    leave: socket => {
      const place = places.get(socket);
      if (!place) return;
      places.delete(socket);
      lagging.delete(place);
      place.shard.leave(place);
      if (place.shard.members.size > 0) return;
      clearTimeout(due.get(place.shard));
      due.delete(place.shard);
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
      for (const timer of due.values()) clearTimeout(timer);
    },
  };
}
