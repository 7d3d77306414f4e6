/** Whether a request may become a stream, and from where it is to go on. Before anything is upgraded. */
import { type Credential, isToken } from '@quantivista/access';
import {
  type Bookmark,
  environmentNotServed,
  fieldFault,
  OFREP_EVENTS_PATH,
  parseBookmark,
  parseRequest,
  refuseTokenInUrl,
  type Scope,
  ServiceError,
  ServiceParams,
  tokenInUrl,
  WatchQuery,
} from '@quantivista/contracts';
import { createRateLimit } from '@quantivista/runtime';
import type { Replica } from '../../follow/replica.ts';
import { createTickets } from '../flags/ofrep/tickets.ts';
import type { Origins } from '../origins.ts';
import type { AddressOf, ReadAccess } from '../read-access.ts';
import type { Reader } from '../reader.ts';
import type { Hub } from './hub.ts';
import type { Transport } from './socket.ts';
import { EVERY_SERVICE, type Topic, topicResource } from './topic.ts';

export interface StreamRequest {
  readonly transport: Transport;
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  readonly credential: Credential | null;
  readonly lastEventId: string | null;
  /** Of the page that asks; null where none does. */
  readonly origin: string | null;
  readonly address: AddressOf;
}

/** A stream of configuration that may begin. */
export interface Admission {
  readonly topic: Topic;
  readonly since: Bookmark | undefined;
  readonly instanceId: string | undefined;
  /** Who watches; absent where nobody is asked. */
  readonly reader?: Reader;
}

/** A stream of notices that may begin, and the token that lets it. */
export interface NoticeAdmission {
  readonly tokenHash: string | undefined;
}
export type Admitted = Admission | NoticeAdmission;

export interface AdmitterOptions {
  readonly replica: Replica;
  readonly scope: Scope;
  readonly access: ReadAccess;
  readonly hub: Pick<Hub, 'watchers' | 'draining' | 'reconnectWindowMs'>;
  /** Pages that may open streams of configurations, and of notices. */
  readonly origins: { readonly topics: Pick<Origins, 'allows'>; readonly notices: Pick<Origins, 'allows'> };
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
   * `token_in_url`,
   * `origin_refused`, `unauthenticated`, `forbidden`, `not_ready`, `shutting_down`, `overloaded`, or `revision_not_reached` where the bookmark or `min_revision`
   * is ahead of this node: what the watcher saw must not be taken back, so another node is to be tried.
   */
  admit(request: StreamRequest): Promise<Admitted>;
}

export const STREAM_PATHS: Readonly<Record<Transport, string>> = {
  websocket: '/api/v1/config/watch',
  sse: '/api/v1/config/stream',
};

const isNotices = (target: string): boolean =>
  target === OFREP_EVENTS_PATH || target.startsWith(`${OFREP_EVENTS_PATH}?`);

const begins = (target: string, path: string): boolean =>
  target.startsWith(path) && (target.length === path.length || '/?'.includes(target[path.length]!));

/**
 * What kind of stream a path and query are for; `undefined` where the path is another. Every read is asked, and
 * every request of a crowd at once: what the request says is taken apart in its turn.
 */
export function streamTransport(target: string): Transport | undefined {
  if (begins(target, STREAM_PATHS.websocket)) return 'websocket';
  return begins(target, STREAM_PATHS.sse) || isNotices(target) ? 'sse' : undefined;
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

function parse({ target, lastEventId, transport }: StreamRequest) {
  const { pathname, searchParams } = new URL(target, 'http://node');
  const query = Object.fromEntries(searchParams);
  const rest = pathname.slice(STREAM_PATHS[transport].length);
  const { service_name } =
    rest === ''
      ? { service_name: EVERY_SERVICE }
      : parseRequest(ServiceParams, { service_name: rest.slice(1) }, 'path');
  const { environment, prefix, since, min_revision, instance_id } = parseRequest(WatchQuery, query, 'query');
  const topic: Topic = {
    environment: environment as Topic['environment'],
    service: service_name,
    ...(prefix !== undefined && { prefix }),
  };
  const bookmark = bookmarkOf(since, transport === 'sse' ? lastEventId : null);
  return { topic, since: bookmark, minRevision: min_revision ?? 0, instanceId: instance_id };
}

export function createAdmitter(options: AdmitterOptions): Admitter {
  const { replica, scope, access, hub, origins, maxWatchers, maxAdmissionsPerSecond, maxWaitMs } = options;
  const rate = createRateLimit({ perSecond: maxAdmissionsPerSecond, burst: maxAdmissionsPerSecond });
  const tickets = createTickets(replica);
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
    admit: async request => {
      const isForNotices = isNotices(request.target);
      if (!origins[isForNotices ? 'notices' : 'topics'].allows(request.origin))
        throw new ServiceError('origin_refused');
      return isForNotices ? checkNotices(request) : checkTopic(request);
    },
  };

  async function checkNotices({ target, credential, lastEventId }: StreamRequest): Promise<NoticeAdmission> {
    refuseTokenInUrl(target, 'token');
    const ticket = new URL(target, 'http://node').searchParams.get('token');
    // A ticket opens nothing but this; a token, or a JWT, opens everything that it is for.
    if (ticket !== null && (isToken(ticket) || ticket.startsWith('eyJ'))) throw tokenInUrl('token');
    const tokenHash = ticket === null ? access.reader(credential)?.tokenHash : tickets.holder(ticket);
    if (!access.holds(tokenHash)) throw new ServiceError(replica.current ? 'unauthenticated' : 'not_ready');
    checkRoom();
    await requireReached(0, bookmarkOf(undefined, lastEventId));
    return { tokenHash };
  }

  async function checkTopic(request: StreamRequest): Promise<Admission> {
    refuseTokenInUrl(request.target);
    await access.meet(request.credential, request.address);
    access.require(request.credential);
    const { topic, since, minRevision, instanceId } = parse(request);
    access.require(request.credential, topicResource(topic));
    if (!scope.includes(topic.environment)) throw environmentNotServed(scope);
    checkRoom();
    await requireReached(minRevision, since);
    // Last: what it was allowed when it came, it may not be any more.
    const reader = access.require(request.credential, topicResource(topic));
    return { topic, since, instanceId, reader };
  }

  async function requireReached(minRevision: number, since: Bookmark | undefined): Promise<void> {
    const generation = replica.current?.snapshot.generation;
    if (generation === undefined) throw new ServiceError('not_ready');
    const wanted = Math.max(minRevision, since?.generation === generation ? since.revision : 0);
    if (replica.current!.snapshot.revision < wanted && !(await reached(wanted))) {
      const { generation, revision } = replica.current!.snapshot;
      throw new ServiceError('revision_not_reached', { details: { generation, revision } });
    }
  }
}
