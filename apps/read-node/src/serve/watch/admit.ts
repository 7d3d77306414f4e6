/** Whether a request may become a stream, and from where it is to go on. Before anything is upgraded. */
import {
  type Bookmark,
  parseBookmark,
  parseRequest,
  ServiceError,
  ServiceParams,
  WatchQuery,
} from '@quantivista/contracts';
import type { Replica } from '../../follow/replica.ts';
import type { ReadAccess } from '../read-access.ts';
import type { Topic } from './frames.ts';

export interface WatchRequest {
  readonly service: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | null;
}

/** A stream that may begin. */
export interface Admission {
  readonly topic: Topic;
  readonly since: Bookmark | undefined;
  /** As the client names itself. */
  readonly instanceId?: string | undefined;
}

export interface AdmitOptions {
  readonly replica: Replica;
  readonly access: ReadAccess;
  /** Sockets open now. */
  readonly watchers: () => number;
  readonly maxWatchers: number;
  /** Longest wait for a node that is behind the bookmark. */
  readonly maxWaitMs: number;
}

const WATCH_PATH = '/api/v1/config/watch/';

/** The request for a stream in a URL's path and query; `undefined` where the path is another. */
export function watchRequest(url: URL, authorization: string | null): WatchRequest | undefined {
  if (!url.pathname.startsWith(WATCH_PATH)) return undefined;
  const service = url.pathname.slice(WATCH_PATH.length);
  return { service, query: Object.fromEntries(url.searchParams), authorization };
}

/**
 * Check a request for a stream.
 * @throws ServiceError: `invalid_request`, `unknown_environment`, `invalid_since`, `unauthenticated`,
 * `not_ready`, `overloaded`, or `revision_not_reached` where the bookmark is ahead of this node: what the
 * watcher saw must not be taken back, so another node is to be tried.
 */
export async function admit(request: WatchRequest, options: AdmitOptions): Promise<Admission> {
  const { replica, access, maxWaitMs } = options;
  access.require(request.authorization);
  const { service_name } = parseRequest(ServiceParams, { service_name: request.service }, 'path');
  const query = parseRequest(WatchQuery, request.query, 'query');
  const since = query.since === undefined ? undefined : parseBookmark(query.since);
  if (query.since !== undefined && !since) {
    throw new ServiceError('invalid_since', {
      details: { errors: [{ field: 'query.since', message: 'is not {generation}:{revision}' }] },
    });
  }
  if (options.watchers() >= options.maxWatchers) throw new ServiceError('overloaded');
  const generation = replica.current?.snapshot.generation;
  if (generation === undefined) throw new ServiceError('not_ready');
  if (since?.generation === generation && !(await replica.reached(since.revision, maxWaitMs))) {
    const { revision } = replica.current!.snapshot;
    throw new ServiceError('revision_not_reached', { details: { generation, revision } });
  }
  const topic = { environment: query.environment as Topic['environment'], service: service_name };
  return { topic, since, instanceId: query.instance_id || undefined };
}
