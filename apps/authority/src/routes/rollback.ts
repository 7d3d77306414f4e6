/** The way back. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME, shownBy, typeOf } from '@quantivista/access';
import { configurationKey, type RollbackRequest, rollbackRoute } from '@quantivista/contracts';
import { createStoreView } from '../follow/record-view.ts';
import { createPast } from '../history/past.ts';
import { createRollbacks } from '../history/rollback.ts';
import { checkAuthor } from '../write/validate.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

export function registerRollback(app: OpenAPIHono, dependencies: Dependencies): void {
  const { audit, callers, writer, regionWait } = dependencies;
  const store = createStoreView(dependencies.etcd);
  const { rollback } = createRollbacks({ past: createPast(dependencies), audit, writer });

  app.openapi(rollbackRoute, async c => {
    const credential = shownBy(c);
    const { name: actor } = await callers.require(credential);
    const body: RollbackRequest = c.req.valid('json');
    const { environment, service_name: service } = body;
    const keys = body.config_key === undefined ? (body.config_keys ?? []) : [body.config_key];
    const present = await store.read(keys.map(key => configurationKey({ environment, service, key })));
    const resources = keys.map((key, index): Resource => {
      const entry = present.entries[index];
      return { environment, service, key, type: (entry && typeOf(entry.value)) ?? SOME };
    });
    // Where no keys are named, those that it comes to are asked for one by one.
    const some: Resource = { environment, service, key: SOME, type: SOME };
    await callers.require(credential, ['rollback', 'write'], some, ...resources);
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, actor);
    const { result, generation, written } = await rollback(body, { actor, awaited: wait !== undefined });
    const waited = written ? await regionWait.headers(wait, written) : {};
    return c.json(result, 200, { ...stateHeaders(generation, result.revision), ...waited });
  });
}
