/** What is done with secrets besides setting and reading them. */
import { createRoute, z } from '@hono/zod-openapi';
import { BulkTransaction } from './bulk.ts';
import { FreeText } from './free-text.ts';
import { ConfigKey, Environment, ServiceName } from './names.ts';
import { proposed } from './proposal-answers.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { WriteHeaders } from './routes.ts';

/** Body of `POST /secrets/rewrap`: of one service, or of all of the environment. */
export const RewrapRequest = z
  .strictObject({
    environment: Environment,
    service_name: ServiceName.optional(),
    reason: FreeText.optional(),
  })
  .openapi('RewrapRequest');
export const RewrapResult = z
  .object({
    rewrapped: z.int().openapi({ description: 'values that are under the newest key now' }),
    kept: z.int().openapi({ description: 'values that were already, or stay in the store of secrets' }),
    transactions: z.array(BulkTransaction),
  })
  .openapi('RewrapResult');
export type RewrapResult = z.infer<typeof RewrapResult>;

/** Body of `POST /secrets/destroy`. */
export const DestroyRequest = z
  .strictObject({
    environment: Environment,
    service_name: ServiceName,
    config_key: ConfigKey,
    versions: z
      .array(z.int().positive())
      .min(1)
      .max(100)
      .refine(list => new Set(list).size === list.length, 'holds one twice'),
    reason: FreeText.optional(),
  })
  .openapi('DestroyRequest');
export type DestroyRequest = z.infer<typeof DestroyRequest>;

/** What is on record of a secret besides its versions. */
export const DestroyedVersions = z
  .object({
    destroyed: z.array(z.int().positive()).openapi({ description: 'versions, rising' }),
    version: z.int().positive().openapi({ description: 'of this record' }),
    updated_at: z.iso.datetime(),
    updated_by: z.string(),
  })
  .openapi('DestroyedVersions');
export type DestroyedVersions = z.infer<typeof DestroyedVersions>;

export const rewrapRoute = createRoute({
  method: 'post',
  path: '/api/v1/secrets/rewrap',
  summary: 'Encrypt values that are encrypted by an older key anew, as new versions',
  security,
  request: { headers: WriteHeaders, body: body(RewrapRequest) },
  responses: {
    200: json(RewrapResult, 'what was done'),
    ...proposed,
    409: problem('a value was changed meanwhile, or needs approvals and several transactions'),
    422: problem('there is no store of secrets'),
    ...failures,
  },
});
export const destroyRoute = createRoute({
  method: 'post',
  path: '/api/v1/secrets/destroy',
  summary: 'Make versions of a secret unreadable for good; needs the permission `admin`',
  security,
  request: { body: body(DestroyRequest) },
  responses: {
    200: json(DestroyedVersions, 'all versions of it that were destroyed'),
    403: problem('the caller lacks the permission `admin`'),
    404: problem('no such version'),
    409: problem('the version is the present one'),
    422: problem('the version is no secret, or is kept where nothing can be destroyed'),
    ...failures,
  },
});
