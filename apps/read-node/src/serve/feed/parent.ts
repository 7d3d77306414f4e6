/** This node as a parent: what it offers to the nodes of regions that are fed from it. */
import { setImmediate as turn } from 'node:timers/promises';
import {
  type ChangesQuery,
  createScope,
  type Environment,
  environmentNotServed,
  type FeedEntry,
  type FeedOffer,
  fieldFault,
  HEARTBEAT_KEY,
  heartbeatAt,
  parseBookmark,
  type Scope,
  ServiceError,
  type SnapshotQuery,
} from '@quantivista/contracts';
import type { StoredEntry } from '@quantivista/snapshot';
import type { z } from 'zod';
import type { Loaded, Replica } from '../../follow/replica.ts';
import { changeChunks, requireHeld } from './changes.ts';
import { createCursor } from './cursor.ts';
import { CHUNK_LENGTH, createLineStream, encodeLine, type LineStream } from './lines.ts';
import { stateAt } from './past-state.ts';

/** A child that takes nothing for so long is let go of: it would hold on to the state of then. */
const STALL_MS = 60_000;

export interface ParentOptions {
  readonly region: string;
  readonly nodeId: string;
  readonly replica: Replica;
  /** What this node holds: it gives no more, and refuses who asks for more. */
  readonly scope: Scope;
  /** Streams at once; more are refused with 503. */
  readonly maxChildren: number;
  /** Longest silence on a stream of changes. */
  readonly pingMs: number;
}

/** Asked now and then, while the stream lasts. @default always */
type MayGoOn = () => boolean;

/** Every call throws ServiceError: `not_ready`, `environment_not_served`, `overloaded`, and what it says. */
export interface Parent {
  /** Open streams. */
  readonly children: number;
  offer(environments: readonly Environment[] | undefined): FeedOffer;
  /** @throws also `compacted`, `revision_not_reached` */
  snapshot(query: z.output<typeof SnapshotQuery>, mayGoOn?: MayGoOn): ReadableStream<Uint8Array>;
  /** @throws also `invalid_since`, `compacted`, `generation_changed`, `revision_not_reached` */
  changes(query: z.output<typeof ChangesQuery>, mayGoOn?: MayGoOn): ReadableStream<Uint8Array>;
  /** End the streams that may not go on: rights have changed. */
  look(): void;
  /** End every stream: the process is ending, the children go on at another node. */
  close(): void;
}

export function createParent(options: ParentOptions): Parent {
  const { region, nodeId, replica, scope, maxChildren, pingMs } = options;
  const streams = new Map<LineStream, MayGoOn>();
  let closing = false;

  /** What this node holds, for a child that wants `environments`. */
  function admit(environments: readonly Environment[] | undefined): { wanted: Scope; loaded: Loaded } {
    const wanted = createScope(environments);
    if (!scope.covers(wanted)) throw environmentNotServed(scope);
    if (closing) throw new ServiceError('shutting_down');
    if (!replica.current) throw new ServiceError('not_ready');
    return { wanted, loaded: replica.current };
  }

  const look = () => {
    for (const [stream, mayGoOn] of streams) if (!mayGoOn()) stream.end({ end: 'forbidden' });
  };
  // Rights come to an end by themselves too. While no beats come there is nothing to send either.
  replica.listen({ applied: () => {}, replaced: () => {}, beat: look });

  function open(
    chunks: AsyncGenerator<string, void>,
    mayGoOn: MayGoOn = () => true,
  ): ReadableStream<Uint8Array> {
    if (streams.size >= maxChildren) throw new ServiceError('overloaded');
    const stream = createLineStream(chunks, {
      stallMs: STALL_MS,
      opened: () => streams.set(stream, mayGoOn),
      closed: () => streams.delete(stream),
    });
    return stream.body;
  }

  return {
    get children() {
      return streams.size;
    },
    offer: environments => {
      const { snapshot } = admit(environments).loaded;
      return {
        region,
        node_id: nodeId,
        generation: snapshot.generation,
        revision: snapshot.revision,
        complete_at: heartbeatAt(snapshot.other(HEARTBEAT_KEY)) ?? null,
        environments: [...scope.environments],
      };
    },
    look,
    snapshot: ({ environments, revision }, mayGoOn) => {
      const { wanted, loaded } = admit(environments);
      const { generation, revision: newest } = loaded.snapshot;
      const entries = wanted.state(stateAt(loaded, revision ?? newest));
      return open(snapshotChunks({ generation, revision: revision ?? newest }, entries), mayGoOn);
    },
    changes: ({ environments, since }, mayGoOn) => {
      const { wanted, loaded } = admit(environments);
      const bookmark = parseBookmark(since);
      if (!bookmark) throw fieldFault('query.since', 'is not {generation}:{revision}', 'invalid_since');
      requireHeld(loaded, bookmark);
      const cursor = createCursor(bookmark.revision, wanted);
      return open(changeChunks(replica, bookmark.generation, cursor, pingMs), mayGoOn);
    },
    close: () => {
      closing = true;
      for (const stream of streams.keys()) stream.end({ end: 'shutting_down' });
    },
  };
}

async function* snapshotChunks(head: object, entries: Iterable<StoredEntry>): AsyncGenerator<string, void> {
  let chunk = encodeLine(head);
  for (const { key, value, modRevision } of entries) {
    const line: FeedEntry = { key, value, mod_revision: modRevision };
    chunk += encodeLine(line);
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
    // A client that reads as fast as this writes must not keep everyone else waiting.
    await turn();
  }
  yield chunk + encodeLine({ end: 'complete' });
}
