/** The endpoints of roles and bindings, and of questions about them. */
import { createRoute, z } from '@hono/zod-openapi';
import {
  AccessName,
  Binding,
  BindingList,
  BindingUpdate,
  Grant,
  Role,
  RoleList,
  RoleSummary,
  RoleUpdate,
  SUBJECT_KINDS,
} from './access.ts';
import { AccessScope } from './access-scope.ts';
import { ConfigType } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { ConfigKey, Environment, ServiceName } from './names.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { Permission, TokenName } from './token.ts';

const named = z.object({ name: AccessName });
const because = z.object({ reason: FreeText.optional() });
const forbidden = { 403: problem('the caller lacks the permission `admin`') };
const missing = { 404: problem('there is none of this name') };
const built = { 409: problem('it is built in, or others refer to it, or a condition does not hold') };
const unknown = { 422: problem('names a role that does not exist') };

export const listRolesRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/roles',
  summary: 'All roles, those that are built in among them',
  security,
  responses: { 200: json(RoleList, 'the roles, by name'), ...forbidden, ...failures },
});
export const readRoleRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/roles/{name}',
  summary: 'A role',
  security,
  request: { params: named },
  responses: { 200: json(RoleSummary, 'the role'), ...missing, ...forbidden, ...failures },
});
export const putRoleRoute = createRoute({
  method: 'put',
  path: '/api/v1/access/roles/{name}',
  summary: 'Make a role, or change what it grants: it holds on every node within a second',
  security,
  request: { params: named, body: body(RoleUpdate) },
  responses: { 200: json(Role, 'the role'), ...built, ...forbidden, ...failures },
});
export const deleteRoleRoute = createRoute({
  method: 'delete',
  path: '/api/v1/access/roles/{name}',
  summary: 'Delete a role that no binding names',
  security,
  request: { params: named, query: because },
  responses: { 204: { description: 'deleted' }, ...missing, ...built, ...forbidden, ...failures },
});

export const listBindingsRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/bindings',
  summary: 'Who has which roles',
  security,
  responses: { 200: json(BindingList, 'the bindings, by name'), ...forbidden, ...failures },
});
export const readBindingRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/bindings/{name}',
  summary: 'A binding',
  security,
  request: { params: named },
  responses: { 200: json(Binding, 'the binding'), ...missing, ...forbidden, ...failures },
});
export const putBindingRoute = createRoute({
  method: 'put',
  path: '/api/v1/access/bindings/{name}',
  summary: 'Give roles to people, groups and services',
  security,
  request: { params: named, body: body(BindingUpdate) },
  responses: { 200: json(Binding, 'the binding'), ...built, ...unknown, ...forbidden, ...failures },
});
export const deleteBindingRoute = createRoute({
  method: 'delete',
  path: '/api/v1/access/bindings/{name}',
  summary: 'Take the roles back: on every node within a second, open streams included',
  security,
  request: { params: named, query: because },
  responses: { 204: { description: 'deleted' }, ...missing, ...forbidden, ...failures },
});

export const PRINCIPAL_KINDS = ['person', 'service', 'token'] as const;
export const WhoAmI = z
  .object({
    name: z.string(),
    kind: z.enum(PRINCIPAL_KINDS),
    groups: z.array(z.string()),
    expires_at: z.iso.datetime().optional(),
    roles: z.array(AccessName),
    grants: z
      .array(Grant.extend({ within: AccessScope.pick({ environments: true, services: true }).optional() }))
      .openapi({
        description: 'all that it may do, by its token and by its roles; `within`: held there alone',
      }),
  })
  .openapi('WhoAmI');
export type WhoAmI = z.infer<typeof WhoAmI>;
export const whoAmIRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/whoami',
  summary: 'Who the caller is, and what it may do',
  security,
  responses: { 200: json(WhoAmI, 'the caller'), ...failures },
});

export const AccessCheck = z
  .strictObject({
    subject: z
      .strictObject({
        kind: z.enum(SUBJECT_KINDS).exclude(['group']),
        name: TokenName,
        groups: z.array(TokenName).max(100).default([]),
      })
      .optional()
      .openapi({ description: 'by its roles alone, without what a token grants; absent: the caller' }),
    action: Permission,
    environment: Environment.optional().openapi({ description: 'absent: in all' }),
    service_name: ServiceName.optional().openapi({ description: 'absent: of all' }),
    config_key: ConfigKey.optional().openapi({ description: 'absent: all keys' }),
    config_type: ConfigType.optional().openapi({ description: 'absent: of every type' }),
  })
  .openapi('AccessCheck');
export type AccessCheck = z.infer<typeof AccessCheck>;
export const AccessAnswer = z
  .object({
    allowed: z.boolean(),
    why: z.string().openapi({ description: 'what grants it, or what is missing' }),
  })
  .openapi('AccessAnswer');
export type AccessAnswer = z.infer<typeof AccessAnswer>;
export const accessCheckRoute = createRoute({
  method: 'post',
  path: '/api/v1/access/check',
  summary: 'May X do Y on Z, and why; about others with the permission `admin` alone',
  security,
  request: { body: body(AccessCheck) },
  responses: { 200: json(AccessAnswer, 'the answer'), ...forbidden, ...failures },
});

export const AccessDenial = z
  .object({
    id: z.int().positive(),
    first_at: z.iso.datetime(),
    last_at: z.iso.datetime(),
    times: z.int().positive().openapi({ description: 'how often it was tried between the two' }),
    caller: z.string().openapi({ description: 'empty where nobody is known by what was shown' }),
    action: z.string(),
    resource: z.string(),
    why: z.string(),
    region: z
      .string()
      .optional()
      .openapi({ description: 'of the node that denied it; absent: an authority did' }),
  })
  .openapi('AccessDenial');
export type AccessDenial = z.infer<typeof AccessDenial>;
export const DenialList = z
  .object({ denials: z.array(AccessDenial), next_before: z.int().positive().optional() })
  .openapi('DenialList');
export const denialsRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/denials',
  summary: 'What callers were denied, newest first; with the permission `audit`',
  security,
  request: {
    query: z.object({
      caller: z.string().max(100).optional(),
      before: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
  },
  responses: { 200: json(DenialList, 'a page of denials'), ...failures },
});
