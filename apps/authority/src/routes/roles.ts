/** Roles: those that are built in, and those that are made. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { BUILT_IN_ROLES, isBuiltIn, shownBy } from '@quantivista/access';
import {
  deleteRoleRoute,
  listRolesRoute,
  putRoleRoute,
  type Role,
  type RoleSummary,
  type RoleUpdate,
  readRoleRoute,
  rolePath,
  ServiceError,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { listBindings, listRoles, readRecord } from '../access-records.ts';
import { setRole } from '../write/access.ts';
import { deleteRecord } from '../write/delete.ts';
import { checkAuthor } from '../write/validate.ts';
import { accessChanges } from './access-change.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

const builtIn: readonly RoleSummary[] = BUILT_IN_ROLES.map(({ grants, ...role }) => ({
  ...role,
  grants: [...grants],
  built_in: true,
}));

export function registerRoles(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers } = dependencies;
  const change = accessChanges(dependencies);
  const admin = (c: Context) => callers.require(shownBy(c), ['admin'], {});
  const requireOwn = (name: string) => {
    if (isBuiltIn(name)) throw new ServiceError('conflict', { message: `the role ${name} is built in` });
  };

  app.openapi(listRolesRoute, async c => {
    await admin(c);
    const made = (await listRoles(etcd)).map(role => ({ ...role, built_in: false }));
    const roles = [...builtIn, ...made.filter(({ name }) => !isBuiltIn(name))];
    return c.json({ roles: roles.sort((a, b) => (a.name < b.name ? -1 : 1)) }, 200);
  });

  app.openapi(readRoleRoute, async c => {
    await admin(c);
    const { name } = c.req.valid('param');
    const found = builtIn.find(role => role.name === name);
    if (found) return c.json(found, 200);
    const { record, generation, revision, tag } = await readRecord<Role>(etcd, rolePath(name));
    return c.json({ ...record, built_in: false }, 200, stateHeaders(generation, revision, tag));
  });

  app.openapi(putRoleRoute, async c => {
    const { name: actor } = await admin(c);
    const { name } = c.req.valid('param');
    const body: RoleUpdate = c.req.valid('json');
    checkAuthor(body.updated_by, actor);
    requireOwn(name);
    const set = setRole(name, body, headerConditions(c));
    const { record, headers } = await change({ change: set, actor, reason: body.reason });
    return c.json(record as unknown as Role, 200, headers);
  });

  app.openapi(deleteRoleRoute, async c => {
    const { name: actor } = await admin(c);
    const { name } = c.req.valid('param');
    requireOwn(name);
    const bound = (await listBindings(etcd)).filter(({ roles }) => roles.includes(name));
    if (bound.length > 0) {
      const names = bound.map(binding => binding.name).join(', ');
      throw new ServiceError('in_use', { message: `bindings refer to it: ${names}` });
    }
    const deleted = deleteRecord(rolePath(name), { field: 'path', conditions: headerConditions(c) });
    const { headers } = await change({ change: deleted, actor, reason: c.req.valid('query').reason });
    return c.body(null, 204, headers);
  });
}
