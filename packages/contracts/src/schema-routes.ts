/** The endpoints of schemas. */
import { createRoute, z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { ServiceName } from './names.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { ServiceParams, WriteHeaders } from './routes.ts';
import {
  KeyPattern,
  SchemaList,
  SchemaResult,
  SchemaUpdate,
  SchemaVersionList,
  ValidateRequest,
  ValidateResult,
  ValueSchema,
} from './schema.ts';

const SchemaParams = z.object({ service_name: ServiceName, pattern: KeyPattern });
const Limit = z.coerce.number().int().min(1).max(500).default(50);

export const putSchemaRoute = createRoute({
  method: 'put',
  path: '/api/v1/schemas/{service_name}/{pattern}',
  summary: 'Set the schema of a key, or of all keys that begin alike',
  security,
  request: {
    params: SchemaParams,
    query: z.object({
      force: z
        .enum(['true', 'false'])
        .default('false')
        .openapi({ description: 'also where present values break it: the answer names them' }),
    }),
    headers: WriteHeaders,
    body: body(SchemaUpdate),
  },
  responses: {
    200: json(SchemaResult, 'the new state'),
    409: problem('a condition does not hold, or present values break the schema: carries `violations`'),
    413: problem('the schema is too large'),
    ...failures,
  },
});
export const getSchemaRoute = createRoute({
  method: 'get',
  path: '/api/v1/schemas/{service_name}/{pattern}',
  summary: 'One schema',
  security,
  request: { params: SchemaParams },
  responses: { 200: json(ValueSchema, 'the schema'), 404: problem('no such schema'), ...failures },
});
export const deleteSchemaRoute = createRoute({
  method: 'delete',
  path: '/api/v1/schemas/{service_name}/{pattern}',
  summary: 'Delete one schema; its versions remain',
  security,
  request: {
    params: SchemaParams,
    query: z.object({ reason: FreeText.optional() }),
    headers: WriteHeaders,
  },
  responses: {
    204: { description: 'deleted' },
    404: problem('no such schema'),
    409: problem('If-Match does not hold'),
    ...failures,
  },
});
export const listSchemasRoute = createRoute({
  method: 'get',
  path: '/api/v1/schemas/{service_name}',
  summary: "A service's schemas, by pattern",
  security,
  request: { params: ServiceParams, query: z.object({ limit: Limit, after: KeyPattern.optional() }) },
  responses: { 200: json(SchemaList, 'the schemas'), ...failures },
});
export const schemaVersionsRoute = createRoute({
  method: 'get',
  path: '/api/v1/schemas/{service_name}/{pattern}/versions',
  summary: "A schema's versions, newest first",
  security,
  request: {
    params: SchemaParams,
    query: z.object({ limit: Limit, before: z.coerce.number().int().positive().optional() }),
  },
  responses: { 200: json(SchemaVersionList, 'the versions'), ...failures },
});
export const validateRoute = createRoute({
  method: 'post',
  path: '/api/v1/schemas/{service_name}/validate',
  summary: 'Try a value, and change nothing',
  security,
  request: { params: ServiceParams, body: body(ValidateRequest) },
  responses: { 200: json(ValidateResult, 'the verdict'), ...failures },
});
