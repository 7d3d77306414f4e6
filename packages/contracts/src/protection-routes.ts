/** The endpoints of protection. A change of a protection that is there needs its own approvals. */
import { createRoute, z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { Environment } from './names.ts';
import { proposed } from './proposal-answers.ts';
import { Protection, ProtectionList, ProtectionRequest } from './protection.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { WriteHeaders } from './routes.ts';

const params = z.object({ environment: Environment });
const forbidden = { 403: problem('the caller lacks the permission `admin`') };
const missing = { 404: problem('the environment is not protected') };

export const listProtectionsRoute = createRoute({
  method: 'get',
  path: '/api/v1/protection',
  summary: 'The protected environments',
  security,
  responses: { 200: json(ProtectionList, 'the protections'), ...failures },
});
export const readProtectionRoute = createRoute({
  method: 'get',
  path: '/api/v1/protection/{environment}',
  summary: 'How an environment is protected',
  security,
  request: { params },
  responses: { 200: json(Protection, 'the protection'), ...missing, ...failures },
});
export const putProtectionRoute = createRoute({
  method: 'put',
  path: '/api/v1/protection/{environment}',
  summary: 'Protect an environment, or change how it is protected',
  security,
  request: { params, headers: WriteHeaders, body: body(ProtectionRequest) },
  responses: { 200: json(Protection, 'the protection'), ...proposed, ...forbidden, ...failures },
});
export const deleteProtectionRoute = createRoute({
  method: 'delete',
  path: '/api/v1/protection/{environment}',
  summary: 'Protect an environment no longer',
  security,
  request: { params, headers: WriteHeaders, query: z.object({ reason: FreeText.optional() }) },
  responses: {
    204: { description: 'no longer protected' },
    ...proposed,
    ...missing,
    ...forbidden,
    ...failures,
  },
});
