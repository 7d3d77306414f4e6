/** The way back. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type RollbackRequest, rollbackRoute } from '@quantivista/contracts';
import { createPast } from '../history/past.ts';
import { createRollbacks } from '../history/rollback.ts';
import { checkAuthor } from '../write/validate.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

export function registerRollback(app: OpenAPIHono, dependencies: Dependencies): void {
  const { audit, callers, writer, regionWait } = dependencies;
  const { rollback } = createRollbacks({ past: createPast(dependencies), audit, writer });

  app.openapi(rollbackRoute, async c => {
    const { name: actor } = await callers.require(c.req.header('authorization'));
    const body: RollbackRequest = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, actor);
    const { result, generation, written } = await rollback(body, { actor, awaited: wait !== undefined });
    const waited = written ? await regionWait.headers(wait, written) : {};
    return c.json(result, 200, { ...stateHeaders(generation, result.revision), ...waited });
  });
}
