/** Bindings: who has which roles. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { isBuiltIn, shownBy } from '@quantivista/access';
import {
  type Binding,
  type BindingUpdate,
  bindingPath,
  deleteBindingRoute,
  fieldFault,
  listBindingsRoute,
  putBindingRoute,
  readBindingRoute,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { listBindings, listRoles, readRecord } from '../access-records.ts';
import { setBinding } from '../write/access.ts';
import { deleteRecord } from '../write/delete.ts';
import { checkAuthor } from '../write/validate.ts';
import { accessChanges } from './access-change.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

export function registerBindings(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers } = dependencies;
  const change = accessChanges(dependencies);
  const admin = (c: Context) => callers.require(shownBy(c), ['admin'], {});

  app.openapi(listBindingsRoute, async c => {
    await admin(c);
    return c.json({ bindings: await listBindings(etcd) }, 200);
  });

  app.openapi(readBindingRoute, async c => {
    await admin(c);
    const path = bindingPath(c.req.valid('param').name);
    const { record, generation, revision, tag } = await readRecord<Binding>(etcd, path);
    return c.json(record, 200, stateHeaders(generation, revision, tag));
  });

  app.openapi(putBindingRoute, async c => {
    const { name: actor } = await admin(c);
    const { name } = c.req.valid('param');
    const body: BindingUpdate = c.req.valid('json');
    checkAuthor(body.updated_by, actor);
    const made = new Set((await listRoles(etcd)).map(role => role.name));
    // One that is deleted meanwhile gives nothing by this binding, and says so when it is listed.
    for (const [index, role] of body.roles.entries())
      if (!isBuiltIn(role) && !made.has(role))
        throw fieldFault(`body.roles.${index}`, 'there is no such role');
    const set = setBinding(name, body, headerConditions(c));
    const { record, headers } = await change({ change: set, actor, reason: body.reason });
    return c.json(record as unknown as Binding, 200, headers);
  });

  app.openapi(deleteBindingRoute, async c => {
    const { name: actor } = await admin(c);
    const path = bindingPath(c.req.valid('param').name);
    const deleted = deleteRecord(path, { field: 'path', conditions: headerConditions(c) });
    const { headers } = await change({ change: deleted, actor, reason: c.req.valid('query').reason });
    return c.body(null, 204, headers);
  });
}
