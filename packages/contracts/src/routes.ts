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
import { WatchFrame } from './frames.ts';
import { FreeText } from './free-text.ts';
import { ConfigKey, Environment, ServiceName } from './names.ts';
import { PreferWait } from './prefer.ts';
import { body, failures, json, notServed, problem, security } from './route-parts.ts';
import { RollbackRequest, RollbackResult, VersionList } from './versions.ts';

export const ServiceParams = z.object({ service_name: ServiceName });
export const KeyParams = z.object({ service_name: ServiceName, config_key: ConfigKey });

/** `min_revision`: wait until this revision is reached, else 409. `max_age` (s): else 503. */
export const ReadQuery = z.object({
  environment: Environment,
  min_revision: z.coerce.number().int().nonnegative().optional(),
  max_age: z.coerce.number().nonnegative().optional(),
});
/** `prefer: wait=S`: answer when every region has applied the change, or after S seconds. */
export const WriteHeaders = z.object({ prefer: PreferWait.optional() });
export const WriteQuery = z.object({ environment: Environment });
export const DeleteQuery = z.object({ environment: Environment, reason: FreeText.optional() });
export const VersionsQuery = z.object({
  environment: Environment,
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.coerce.number().int().positive().optional(),
});
export const WatchQuery = z.object({
  environment: Environment,
  since: z.string().optional().openapi({ description: '{generation}:{revision} of the last frame seen' }),
  instance_id: z.string().max(200).optional(),
});

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
  request: { params: KeyParams, query: ReadQuery },
  responses: {
    200: json(Configuration, 'the configuration'),
    304: { description: 'not modified' },
    404: problem('no such key'),
    409: problem('min_revision not reached'),
    ...notServed,
    ...failures,
  },
});
export const watchRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/watch/{service_name}',
  summary: 'WebSocket: a snapshot, then every change',
  security,
  request: { params: ServiceParams, query: WatchQuery },
  responses: {
    101: json(WatchFrame, 'a stream of frames'),
    409: problem('the bookmark is ahead of this node'),
    ...notServed,
    426: problem('not a WebSocket request'),
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
    404: problem('no such key'),
    409: problem('If-Match does not hold'),
    ...failures,
  },
});
export const versionsRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/{service_name}/{config_key}/versions',
  summary: "A key's versions, newest first",
  security,
  request: { params: KeyParams, query: VersionsQuery },
  responses: { 200: json(VersionList, 'the versions'), ...failures },
});
export const rollbackRoute = createRoute({
  method: 'post',
  path: '/api/v1/config/rollback',
  summary: 'Set a key back to one of its versions',
  security,
  request: { headers: WriteHeaders, body: body(RollbackRequest) },
  responses: {
    200: json(RollbackResult, 'what was restored'),
    404: problem('no such version'),
    409: problem('not rolled back'),
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
    409: problem('a condition does not hold'),
    413: problem('over 1 MB'),
    ...failures,
  },
});
