/** The endpoints that take or give many values at once. */
import { createRoute, z } from '@hono/zod-openapi';
import { BulkResult, DOCUMENT_FORMATS, DocumentFormat } from './bulk.ts';
import { ConfigType } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { Environment, ServiceName } from './names.ts';
import { PromoteRequest } from './promote.ts';
import { Generation, Revision } from './revision.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { WriteHeaders } from './routes.ts';

const Switch = z.enum(['true', 'false']);
const document = z.string().openapi({ description: 'a map of values by key, or of such maps by service' });

export const exportRoute = createRoute({
  method: 'get',
  path: '/api/v1/config/export',
  summary: 'The values of a service, or of all services of an environment, as a document',
  security,
  request: {
    query: z.object({
      environment: Environment,
      service_name: ServiceName.optional(),
      format: DocumentFormat.default('json').openapi({ description: 'env: of one service alone' }),
    }),
  },
  responses: {
    200: {
      description: 'values by key; without service_name by service and key',
      content: {
        'application/json': { schema: z.record(z.string(), z.unknown()) },
        'application/yaml': { schema: document },
        'text/plain': { schema: document },
      },
    },
    413: problem('the environment is too large: ask for one service'),
    ...failures,
  },
});

export const ImportQuery = z.object({
  environment: Environment,
  service_name: ServiceName.optional().openapi({
    description: 'whose values the body holds; without it the body is a map of services',
  }),
  format: DocumentFormat.optional().openapi({
    description: `${DOCUMENT_FORMATS.join(', ')}: instead of what the content type says`,
  }),
  mode: z
    .enum(['merge', 'replace'])
    .default('merge')
    .openapi({ description: 'replace: keys that the body does not name are removed' }),
  dry_run: Switch.default('false'),
  atomic: Switch.default('true').openapi({
    description: 'false: in several transactions where one does not hold all changes',
  }),
  config_type: ConfigType.optional().openapi({
    description: 'of every value; else the present type, ENVIRONMENT_VARIABLE for new values of an env file',
  }),
  change_type: Switch.default('false').openapi({ description: 'config_type may change present types' }),
  expected_revision: z.coerce.number().pipe(Revision).optional(),
  expected_generation: Generation.optional(),
  reason: FreeText.optional(),
});
export const importRoute = createRoute({
  method: 'post',
  path: '/api/v1/config/import',
  summary: 'Set the values of a document: JSON, YAML or env',
  security,
  request: {
    query: ImportQuery,
    headers: WriteHeaders,
    body: {
      required: true,
      content: {
        'application/json': { schema: z.unknown().openapi({ type: 'object' }) },
        'application/yaml': { schema: document },
        'application/x-yaml': { schema: document },
        'text/yaml': { schema: document },
        'text/plain': { schema: z.string().openapi({ description: 'an env file' }) },
      },
    },
  },
  responses: {
    200: json(BulkResult, 'what was changed'),
    409: problem('the values are not those of expected_revision, or were changed meanwhile'),
    413: problem('too large for one transaction'),
    415: problem('the format is not known'),
    422: problem('a value breaks its schema'),
    ...failures,
  },
});

export const promoteRoute = createRoute({
  method: 'post',
  path: '/api/v1/config/promote',
  summary: "Set a service's values in one environment to those of another",
  security,
  request: { headers: WriteHeaders, body: body(PromoteRequest) },
  responses: {
    200: json(BulkResult, 'what was changed'),
    404: problem('a key is not there'),
    409: problem('the values are not those of expected_revision, or were changed meanwhile'),
    413: problem('too large for one transaction'),
    422: problem('a value breaks its schema'),
    ...failures,
  },
});
