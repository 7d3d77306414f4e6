/** Which environments are protected, and how. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, shownBy } from '@quantivista/access';
import {
  deleteProtectionRoute,
  type Environment,
  listProtectionsRoute,
  type Protection,
  protectionPath,
  putProtectionRoute,
  readProtectionRoute,
  ServiceError,
} from '@quantivista/contracts';
import { createStoreView } from '../follow/record-view.ts';
import { readProtections } from '../propose/protection-rule.ts';
import { deleteRecord } from '../write/delete.ts';
import type { StoredRecord } from '../write/request.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader } from './read.ts';
import { answerDeleted } from './written.ts';

export function registerProtection(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers, writer, regionWait } = dependencies;
  const store = createStoreView(etcd);

  app.openapi(listProtectionsRoute, async c => {
    const caller = await requireReader(dependencies, c);
    const { protections } = await readProtections(store);
    const readable = protections.filter(
      ({ environment }) => (caller?.rights.extent('read', { environment }) ?? 'all') !== 'none',
    );
    return c.json({ protections: readable }, 200);
  });

  app.openapi(readProtectionRoute, async c => {
    const { environment } = c.req.valid('param');
    const some = { service: SOME, key: SOME, type: SOME } as const;
    await requireReader(dependencies, c, { environment: environment as Environment, ...some });
    const { protections } = await readProtections(store);
    const found = protections.find(each => each.environment === environment);
    if (!found) throw new ServiceError('not_found', { message: `${environment} is not protected` });
    return c.json(found, 200);
  });

  app.openapi(putProtectionRoute, async c => {
    const environment = c.req.valid('param').environment as Environment;
    const credential = shownBy(c);
    const { name: actor } = await callers.require(credential, ['admin'], { environment });
    const { prefer: wait } = c.req.valid('header');
    const { reason = '', ...wanted } = c.req.valid('json');
    const written = await writer.write({
      changes: [
        {
          path: protectionPath(environment),
          field: 'body',
          conditions: {},
          next: (_, { version, now }) =>
            ({ environment, ...wanted, version, updated_at: now, updated_by: actor }) as StoredRecord,
        },
      ],
      actor,
      reason,
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    const waited = await regionWait.headers(wait, written);
    const headers = { ...stateHeaders(written.generation, written.revision), ...waited };
    return c.json(written.records[0] as unknown as Protection, 200, headers);
  });

  app.openapi(deleteProtectionRoute, async c => {
    const environment = c.req.valid('param').environment as Environment;
    const credential = shownBy(c);
    const { name: actor } = await callers.require(credential, ['admin'], { environment });
    const { prefer: wait } = c.req.valid('header');
    const { reason = '' } = c.req.valid('query');
    const written = await writer.write({
      changes: [deleteRecord(protectionPath(environment), { field: 'path' })],
      actor,
      reason,
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerDeleted(c, dependencies, wait, written);
  });
}
