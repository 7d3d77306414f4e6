/** Versions, history, differences, and the way back: all at the authority. */
import { createRoute, z } from '@hono/zod-openapi';
import { DiffQuery, History, HistoryQuery, PointDiff } from './history.ts';
import { Environment } from './names.ts';
import { RollbackRequest, RollbackResult } from './rollback.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { KeyParams, WriteHeaders } from './routes.ts';
import { VersionList } from './versions.ts';

export const VersionsQuery = z.object({
  environment: Environment,
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.coerce.number().int().positive().optional(),
});

export const versionsRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/{service_name}/{config_key}/versions',
  summary: "A key's versions, newest first",
  security,
  request: { params: KeyParams, query: VersionsQuery },
  responses: { 200: json(VersionList, 'the versions'), ...failures },
});
export const historyRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/history',
  summary: 'Who changed what and why, commit by commit, newest first',
  security,
  request: { query: HistoryQuery },
  responses: { 200: json(History, 'the commits'), ...failures },
});
export const diffRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/diff',
  summary: 'What differs between two points of a service or a key, or between two environments',
  security,
  request: { query: DiffQuery },
  responses: {
    200: json(PointDiff, 'what differs'),
    404: problem('no such version, or nothing is known of that time'),
    409: problem('the point has not been reached or is not whole on record yet'),
    ...failures,
  },
});
export const rollbackRoute = createRoute({
  method: 'post',
  path: '/api/v1/config/rollback',
  summary: 'Set a key, several or a whole service back to a version, a revision or a time',
  security,
  request: { headers: WriteHeaders, body: body(RollbackRequest) },
  responses: {
    200: json(RollbackResult, 'what was restored, or would be'),
    404: problem('no such version, or nothing is known of that time'),
    409: problem('a change since may not be rolled back, or a condition does not hold'),
    ...failures,
  },
});
