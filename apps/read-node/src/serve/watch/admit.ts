/** Whether a request may become a stream, and from where it is to go on. Before anything is upgraded. */
import {
  type Bookmark,
  environmentNotServed,
  fieldFault,
  parseBookmark,
  parseRequest,
  type Scope,
  ServiceError,
  ServiceParams,
  WatchQuery,
} from '@quantivista/contracts';
import type { Replica } from '../../follow/replica.ts';
import type { ReadAccess } from '../read-access.ts';
import type { Hub } from './hub.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Transport } from './socket.ts';
import { EVERY_SERVICE, type Topic } from './topic.ts';
import { createTurns } from './turns.ts';

export interface StreamRequest {
  readonly transport: Transport;
  /** As it stands in the path; `undefined` where the whole environment is asked for. */
  readonly service: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | null;
  readonly lastEventId: string | null;
}

/** A stream that may begin. */
export interface Admission {
  readonly topic: Topic;
  readonly since: Bookmark | undefined;
  readonly instanceId: string | undefined;
}

export interface AdmitterOptions {
  readonly replica: Replica;
  readonly scope: Scope;
  readonly access: ReadAccess;
  readonly hub: Pick<Hub, 'watchers' | 'draining' | 'reconnectWindowMs'>;
  readonly maxWatchers: number;
  readonly maxAdmissionsPerSecond: number;
  /** Longest wait for a node that is behind what is asked for. */
  readonly maxWaitMs: number;
}

export interface Admitter {
  /** Requests refused because too many came, or because the node is ending. */
  readonly refused: number;
  /**
   * Check a request for a stream.
   * @throws ServiceError: `invalid_request`, `unknown_environment`, `environment_not_served`, `invalid_since`,
   * `unauthenticated`, `not_ready`, `shutting_down`, `overloaded`, or `revision_not_reached` where the bookmark or `min_revision`
   * is ahead of this node: what the watcher saw must not be taken back, so another node is to be tried.
   */
  admit(request: StreamRequest): Promise<Admission>;
}

const PATHS: readonly (readonly [string, Transport])[] = [
  ['/api/v1/config/watch', 'websocket'],
  ['/api/v1/config/stream', 'sse'],
];

/** The request for a stream in a URL's path and query; `undefined` where the path is another. */
export function streamRequest(
  url: URL,
  headers: { authorization: string | null; lastEventId: string | null },
): StreamRequest | undefined {
  for (const [path, transport] of PATHS) {
    const rest = url.pathname.startsWith(path) ? url.pathname.slice(path.length) : undefined;
    if (rest !== '' && !rest?.startsWith('/')) continue;
    const service = rest === '' ? undefined : rest.slice(1);
    return { transport, service, query: Object.fromEntries(url.searchParams), ...headers };
  }
  return undefined;
}

/** Where the stream is to go on from. A client that comes back by itself repeats its first `since`: the header is newer. */
function bookmarkOf(since: string | undefined, lastEventId: string | null): Bookmark | undefined {
  const text = lastEventId || since;
  if (text === undefined) return undefined;
  const bookmark = parseBookmark(text);
  if (bookmark) return bookmark;
  const field = lastEventId ? 'header.last-event-id' : 'query.since';
  throw fieldFault(field, 'is not {generation}:{revision}', 'invalid_since');
}

function parse({ service, query, lastEventId, transport }: StreamRequest) {
  const { service_name } =
    service === undefined
      ? { service_name: EVERY_SERVICE }
      : parseRequest(ServiceParams, { service_name: service }, 'path');
  const { environment, prefix, since, min_revision, instance_id } = parseRequest(WatchQuery, query, 'query');
  const topic: Topic = {
    environment: environment as Topic['environment'],
    service: service_name,
    ...(prefix !== undefined && { prefix }),
  };
  const bookmark = bookmarkOf(since, transport === 'sse' ? lastEventId : null);
  return { topic, since: bookmark, minRevision: min_revision ?? 0, instanceId: instance_id };
}

/** What follows an admission takes several times as long. */
const SLICE_MS = 0.1;

export function createAdmitter(options: AdmitterOptions): Admitter {
  const { replica, scope, access, hub, maxWatchers, maxAdmissionsPerSecond, maxWaitMs } = options;
  const rate = createRateLimit({ perSecond: maxAdmissionsPerSecond, burst: maxAdmissionsPerSecond });
  const turns = createTurns(SLICE_MS);
  let waiting = 0;
  let refused = 0;

  const refuse = (code: 'overloaded' | 'shutting_down') => {
    refused++;
    // Those who were refused together must not come back together.
    const windowS = Math.max(3, Math.ceil(hub.reconnectWindowMs() / 1_000));
    throw new ServiceError(code, { retryAfterS: 1 + Math.floor(Math.random() * windowS) });
  };
  const checkRoom = () => {
    if (hub.draining) refuse('shutting_down');
    if (hub.watchers + waiting >= maxWatchers || !rate.take()) refuse('overloaded');
  };
  const reached = async (revision: number) => {
    waiting++;
    try {
      return await replica.reached(revision, maxWaitMs);
    } finally {
      waiting--;
    }
  };

  return {
    get refused() {
      return refused;
    },
    // A region's clients may all come at once: reads have their turn between them.
    admit: request => new Promise((resolve, reject) => turns(() => check(request).then(resolve, reject))),
  };

  async function check(request: StreamRequest): Promise<Admission> {
    access.require(request.authorization);
    const { topic, since, minRevision, instanceId } = parse(request);
    if (!scope.includes(topic.environment)) throw environmentNotServed(scope);
    checkRoom();
    const generation = replica.current?.snapshot.generation;
    if (generation === undefined) throw new ServiceError('not_ready');
    const wanted = Math.max(minRevision, since?.generation === generation ? since.revision : 0);
    if (replica.current!.snapshot.revision < wanted && !(await reached(wanted))) {
      const { generation, revision } = replica.current!.snapshot;
      throw new ServiceError('revision_not_reached', { details: { generation, revision } });
    }
    return { topic, since, instanceId };
  }
}
