/** The authority's HTTP side: routes, and the one place where errors become problems. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { problemResponse, ServiceError, validationFault } from '@quantivista/contracts';
import { registerAudit } from './routes/audit.ts';
import { limitBody, requireJson } from './routes/body.ts';
import type { Dependencies } from './routes/dependencies.ts';
import { registerHealth } from './routes/health.ts';
import { registerHistory } from './routes/history.ts';
import { registerNetwork } from './routes/network.ts';
import { registerReads } from './routes/read.ts';
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
  app.use('/api/*', limitBody(), requireJson());
  registerHealth(app, dependencies);
  registerWrites(app, dependencies);
  registerHistory(app, dependencies);
  registerReads(app, dependencies);
  registerNetwork(app, dependencies);
  registerAudit(app, dependencies);

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'QuantiVista Config: authority', version: '1' },
  });
  return app;
}
