/** The endpoints of OFREP, and the one that says why a flag answers what it answers. */
import { createRoute, z } from '@hono/zod-openapi';
import { Evaluated, EvaluateRequest } from './evaluate.ts';
import { FlagName } from './flag-rules.ts';
import {
  OFREP_EVENTS_PATH,
  OFREP_FLAGS_PATH,
  OfrepBulk,
  OfrepBulkQuery,
  OfrepEvent,
  OfrepFailure,
  OfrepQuery,
  OfrepRequest,
  OfrepSuccess,
} from './ofrep.ts';
import { body, failures, json, problem, security } from './route-parts.ts';

const tokens = [...security, { apiKey: [] }];
const context = { required: false, content: { 'application/json': { schema: OfrepRequest } } };
const failed = {
  400: json(OfrepFailure, 'PARSE_ERROR, INVALID_CONTEXT or GENERAL'),
  401: json(OfrepFailure, 'no or bad token'),
  403: json(OfrepFailure, 'the token may not read'),
  408: json(OfrepFailure, 'the body did not come in time'),
  409: json(OfrepFailure, 'min_revision, or what flagConfigEtag tells of, is not reached'),
  413: json(OfrepFailure, 'the body is too large'),
  429: json(OfrepFailure, 'too many at once: see Retry-After, in seconds'),
  500: json(OfrepFailure, 'something failed here'),
  503: json(OfrepFailure, 'not available now: see Retry-After, in seconds'),
};

export const ofrepFlagRoute = createRoute({
  method: 'post',
  path: `${OFREP_FLAGS_PATH}/{key}`,
  summary: 'OFREP: one flag for a context',
  security: tokens,
  request: { params: z.object({ key: z.string() }), query: OfrepQuery, body: context },
  responses: {
    200: json(OfrepSuccess, 'what it answers'),
    404: json(OfrepFailure, 'FLAG_NOT_FOUND'),
    ...failed,
  },
});
export const ofrepBulkRoute = createRoute({
  method: 'post',
  path: OFREP_FLAGS_PATH,
  summary: 'OFREP: all flags for a context',
  security: tokens,
  request: {
    query: OfrepBulkQuery,
    headers: z.object({ 'if-none-match': z.string().optional() }),
    body: context,
  },
  responses: {
    200: json(OfrepBulk, 'what they answer, with an ETag, and where changes are told of'),
    304: { description: 'not modified' },
    ...failed,
  },
});
export const ofrepEventsRoute = createRoute({
  method: 'get',
  path: OFREP_EVENTS_PATH,
  summary: 'OFREP: server-sent events, one at once and one after each change of flags',
  request: {
    query: z.object({
      token: z.string().optional().openapi({ description: "of a bulk answer's eventStreams" }),
    }),
  },
  responses: {
    200: { description: 'events', content: { 'text/event-stream': { schema: OfrepEvent } } },
    401: failed[401],
    429: failed[429],
    503: failed[503],
  },
});
export const evaluateRoute = createRoute({
  method: 'post',
  path: '/api/v1/feature-flags/{flag_name}/evaluate',
  summary: 'What a flag answers for a context, and why',
  security,
  request: {
    params: z.object({ flag_name: FlagName }),
    query: OfrepQuery.extend({ explain: z.enum(['true', 'false']).optional() }),
    body: body(EvaluateRequest),
  },
  responses: {
    200: json(Evaluated, 'the answer; with `explain=true` each decision that led to it'),
    404: problem('no such flag'),
    409: problem('min_revision not reached'),
    413: problem('the body is too large'),
    ...failures,
  },
});
