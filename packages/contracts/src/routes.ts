/**
 * Every endpoint, declared once from the schemas that check its requests. The apps attach handlers to
 * them; `openapi.json` is generated from them.
 */
import { createRoute, z } from '@hono/zod-openapi';
import {
  BatchRequest,
  BatchResult,
  Configuration,
  ConfigurationMap,
  ConfigurationUpdate,
} from './configuration.ts';
import { AckRequest, InstanceId, WatchFrame } from './frames.ts';
import { FreeText } from './free-text.ts';
import { ConfigKey, Environment, KeyPrefix, ServiceName } from './names.ts';
import { At } from './point.ts';
import { PreferWait } from './prefer.ts';
import { CallHeaders, proposed } from './proposal-answers.ts';
import { body, failures, json, notServed, problem, security } from './route-parts.ts';

export const ServiceParams = z.object({ service_name: ServiceName });
export const KeyParams = z.object({ service_name: ServiceName, config_key: ConfigKey });

/** `min_revision`: wait until this revision is reached, else 409. `max_age` (s): else 503. */
export const ReadQuery = z.object({
  environment: Environment,
  min_revision: z.coerce.number().int().nonnegative().optional(),
  max_age: z.coerce.number().nonnegative().optional(),
  at: At.optional(),
  secrets: z
    .literal('withheld')
    .optional()
    .openapi({ description: 'not to be shown, also to one who may see them' }),
});
/** `version`, `at`: as it was then. Of a past state, `min_revision` and `max_age` mean nothing. */
export const ReadKeyQuery = ReadQuery.extend({ version: z.coerce.number().int().positive().optional() });
/** `prefer: wait=S`: answer when every region has applied the change, or after S seconds. */
export const WriteHeaders = z.object({ prefer: PreferWait.optional(), ...CallHeaders.shape });
export const WriteQuery = z.object({ environment: Environment });
export const DeleteQuery = z.object({ environment: Environment, reason: FreeText.optional() });
/** `min_revision`: wait until this revision is reached, else 409. */
export const WatchQuery = z.object({
  environment: Environment,
  since: z.string().optional().openapi({ description: '{generation}:{revision} of the last frame seen' }),
  prefix: KeyPrefix.optional().openapi({ description: 'only keys that begin so, of each service' }),
  min_revision: z.coerce.number().int().nonnegative().optional(),
  instance_id: InstanceId.optional(),
});
/** What a browser's EventSource sends when it comes back; it stands for `since`, and before it. */
export const StreamHeaders = z.object({ 'last-event-id': z.string().optional() });

export const readServiceRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/{service_name}',
  summary: "A service's values by key",
  security,
  request: { params: ServiceParams, query: ReadQuery },
  responses: {
    200: json(ConfigurationMap, 'the map'),
    304: { description: 'not modified' },
    409: problem('min_revision not reached'),
    ...notServed,
    ...failures,
  },
});
export const readKeyRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/{service_name}/{config_key}',
  summary: 'One configuration',
  security,
  request: { params: KeyParams, query: ReadKeyQuery },
  responses: {
    200: json(Configuration, 'the configuration'),
    304: { description: 'not modified' },
    404: problem('no such key'),
    409: problem('min_revision not reached'),
    ...notServed,
    ...failures,
  },
});
const watching = {
  101: json(WatchFrame, 'a stream of frames; the client may send AckMessages'),
  409: problem('the bookmark or min_revision is ahead of this node'),
  ...notServed,
  426: problem('not a WebSocket request'),
  ...failures,
};
const streaming = {
  200: {
    description: 'the frames of WebSocket as events: `id` the bookmark, `event` the type, `data` the frame',
    content: { 'text/event-stream': { schema: WatchFrame } },
  },
  409: problem('the bookmark or min_revision is ahead of this node'),
  ...notServed,
  ...failures,
};
export const watchRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/watch/{service_name}',
  summary: 'WebSocket: a snapshot, then every change of a service',
  security,
  request: { params: ServiceParams, query: WatchQuery },
  responses: watching,
});
export const watchEnvironmentRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/watch',
  summary: 'WebSocket: a snapshot, then every change of an environment',
  security,
  request: { query: WatchQuery },
  responses: watching,
});
export const streamRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/stream/{service_name}',
  summary: 'Server-sent events: a snapshot, then every change of a service',
  security,
  request: { params: ServiceParams, query: WatchQuery, headers: StreamHeaders },
  responses: streaming,
});
export const streamEnvironmentRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/stream',
  summary: 'Server-sent events: a snapshot, then every change of an environment',
  security,
  request: { query: WatchQuery, headers: StreamHeaders },
  responses: streaming,
});
export const ackRoute = createRoute({
  method: 'post',
  path: '/api/v1/config/ack',
  summary: 'Whether a watcher could use a revision, said by one whose stream is of events',
  security,
  request: { body: body(AckRequest) },
  responses: {
    202: { description: 'noted' },
    404: problem('no such stream is open at this node'),
    409: problem('this node has not reached the revision'),
    413: problem('over 16 kB'),
    ...failures,
  },
});
export const putKeyRoute = createRoute({
  method: 'put',
  path: '/api/v1/config/{service_name}/{config_key}',
  summary: 'Set one configuration',
  security,
  request: { params: KeyParams, query: WriteQuery, headers: WriteHeaders, body: body(ConfigurationUpdate) },
  responses: {
    200: json(Configuration, 'the new state'),
    ...proposed,
    409: problem('a condition does not hold; carries the current state'),
    413: problem('over 1 MB'),
    422: problem('not supported yet'),
    ...failures,
  },
});
export const deleteKeyRoute = createRoute({
  method: 'delete',
  path: '/api/v1/config/{service_name}/{config_key}',
  summary: 'Delete one configuration; its versions remain',
  security,
  request: { params: KeyParams, query: DeleteQuery, headers: WriteHeaders },
  responses: {
    204: { description: 'deleted' },
    ...proposed,
    404: problem('no such key'),
    409: problem('If-Match does not hold'),
    ...failures,
  },
});
export const batchRoute = createRoute({
  method: 'post',
  path: '/api/v1/config/batch',
  summary: 'Change up to 120 keys in one transaction',
  security,
  request: { headers: WriteHeaders, body: body(BatchRequest) },
  responses: {
    200: json(BatchResult, 'the new states'),
    ...proposed,
    409: problem('a condition does not hold'),
    413: problem('over 1 MB'),
    ...failures,
  },
});
