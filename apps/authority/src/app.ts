/** The authority's HTTP side: routes, and the one place where errors become problems. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { problemResponse, ServiceError, validationFault } from '@quantivista/contracts';
import { registerAudit } from './routes/audit.ts';
import { limitBodies, requireJson } from './routes/body.ts';
import { registerBulk } from './routes/bulk.ts';
import type { Dependencies } from './routes/dependencies.ts';
import { registerDiff } from './routes/diff.ts';
import { registerEvents } from './routes/events.ts';
import { registerFlagWrites } from './routes/flag-writes.ts';
import { registerFlags } from './routes/flags.ts';
import { registerHealth } from './routes/health.ts';
import { registerHistory } from './routes/history.ts';
import { registerNetwork } from './routes/network.ts';
import { registerPromotion } from './routes/promote.ts';
import { registerReads } from './routes/read.ts';
import { registerRollback } from './routes/rollback.ts';
import { registerSchemas } from './routes/schemas.ts';
import { registerSegments } from './routes/segments.ts';
import { registerWebhooks } from './routes/webhooks.ts';
import { registerWrites } from './routes/write.ts';

const isWrite = (method: string) => method === 'PUT' || method === 'POST' || method === 'DELETE';

export function createApp(dependencies: Dependencies): OpenAPIHono {
  const { log, callers } = dependencies;
  const app = new OpenAPIHono({
    defaultHook: result => {
      if (!result.success) throw validationFault(result.error, result.target);
    },
  });
  app.onError(error => {
    const known = error instanceof ServiceError;
    if (!known || error.status >= 500) log.error({ err: error }, 'a request failed');
    return problemResponse(error);
  });
  app.notFound(() => {
    throw new ServiceError('not_found');
  });

  // Before any body is read: a caller who may not write learns nothing of what is wrong with the request.
  app.use('/api/*', async function authenticateWriter(c, next) {
    if (isWrite(c.req.method)) await callers.require(c.req.header('authorization'));
    await next();
  });
  app.use('/api/*', limitBodies(), requireJson());
  registerHealth(app, dependencies);
  // Before reads: `export` is not the name of a service.
  registerBulk(app, dependencies);
  registerPromotion(app, dependencies);
  registerWrites(app, dependencies);
  registerHistory(app, dependencies);
  registerDiff(app, dependencies);
  registerRollback(app, dependencies);
  registerReads(app, dependencies);
  registerSchemas(app, dependencies);
  registerNetwork(app, dependencies);
  registerFlags(app, dependencies);
  registerFlagWrites(app, dependencies);
  registerSegments(app, dependencies);
  registerEvents(app, dependencies);
  registerWebhooks(app, dependencies);
  registerAudit(app, dependencies);

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'QuantiVista Config: authority', version: '1' },
  });
  return app;
}
