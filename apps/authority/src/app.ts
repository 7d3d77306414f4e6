/** The authority's HTTP side: routes, and the one place where errors become problems. */
import type { IncomingMessage } from 'node:http';
import { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  isOperation,
  problemResponse,
  refuseTokenInUrl,
  ServiceError,
  securityHeaders,
  TRIAL_HEADER,
  validationFault,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { authorizeBy } from './access-resources.ts';
import { parseCall } from './calls.ts';
import { createFailures } from './failures.ts';
import { neededPermissions } from './needed-permissions.ts';
import { Proposed } from './propose/proposed.ts';
import { registerAccess } from './routes/access.ts';
import { registerAudit } from './routes/audit.ts';
import { registerBindings } from './routes/bindings.ts';
import { limitBodies, requireJson } from './routes/body.ts';
import { registerBulk } from './routes/bulk.ts';
import type { Dependencies } from './routes/dependencies.ts';
import { registerDiff } from './routes/diff.ts';
import { registerEvents } from './routes/events.ts';
import { registerFlagUsage } from './routes/flag-usage.ts';
import { registerFlagWrites } from './routes/flag-writes.ts';
import { registerFlags } from './routes/flags.ts';
import { registerHealth } from './routes/health.ts';
import { registerHistory } from './routes/history.ts';
import { registerNetwork } from './routes/network.ts';
import { registerPromotion } from './routes/promote.ts';
import { proposedResponse, registerProposals } from './routes/proposals.ts';
import { registerProtection } from './routes/protection.ts';
import { registerReads } from './routes/read.ts';
import { registerRoles } from './routes/roles.ts';
import { registerRollback } from './routes/rollback.ts';
import { registerSchemas } from './routes/schemas.ts';
import { registerSecrets } from './routes/secrets.ts';
import { registerSegments } from './routes/segments.ts';
import { registerTokens } from './routes/tokens.ts';
import { registerWebhooks } from './routes/webhooks.ts';
import { registerWrites } from './routes/write.ts';
import { withholding } from './secrets/withholding.ts';

const READ = ['read'] as const;

/** Of the one that asks, or stands before those who do. */
const addressOf = ({ env }: Context): string | undefined =>
  (env as { incoming?: IncomingMessage } | undefined)?.incoming?.socket.remoteAddress;

export function createApp(dependencies: Dependencies): OpenAPIHono {
  const { callers, calls, denials, reads, forAnyone } = dependencies;
  const failures = createFailures(dependencies.log, dependencies.metrics);
  const app = new OpenAPIHono({
    defaultHook: result => {
      if (!result.success) throw validationFault(result.error, result.target);
    },
  });
  app.onError((error, c) => {
    if (error instanceof Proposed) return proposedResponse(c, dependencies, error);
    failures.take(error);
    return problemResponse(error);
  });
  app.notFound(() => {
    throw new ServiceError('not_found');
  });

  app.use(securityHeaders());
  app.use(async function admit(c, next) {
    refuseTokenInUrl(c.req.url);
    if (forAnyone.has(c.req.path)) return next();
    const needed = isOperation(c.req.path) ? READ : neededPermissions(c.req.method, c.req.path);
    // Before anything of the request is judged: who is not known does not learn what there is.
    if (needed || reads === 'token') await callers.admit(shownBy(c), addressOf(c));
    if (needed === READ) await callers.requireSome(shownBy(c), READ, c.req.path);
    return next();
  });
  app.use('/api/*', withholding());
  // Before any body is read: a caller who may not write learns nothing of what is wrong with the request.
  app.use('/api/*', async function authorize(c, next) {
    const needed = neededPermissions(c.req.method, c.req.path);
    if (!needed) return next();
    const credential = shownBy(c);
    const caller = await callers.requireSome(credential, needed, c.req.path);
    const call = parseCall(name => c.req.header(name));
    const authorize = authorizeBy(caller, needed, denials);
    const authorized = { ...call, authorize, onTrial: (id: string) => c.header(TRIAL_HEADER, id) };
    if (!call.breakGlass) return calls.run(authorized, next);
    await callers.requireSome(credential, ['break-glass'], c.req.path);
    const authorizeBreaking = authorizeBy(caller, ['break-glass'], denials);
    return calls.run({ ...authorized, authorizeBreaking }, next);
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
  registerFlagUsage(app, dependencies);
  registerSegments(app, dependencies);
  registerSecrets(app, dependencies);
  registerEvents(app, dependencies);
  registerWebhooks(app, dependencies);
  registerAudit(app, dependencies);
  registerProposals(app, dependencies);
  registerProtection(app, dependencies);
  registerTokens(app, dependencies);
  registerRoles(app, dependencies);
  registerBindings(app, dependencies);
  registerAccess(app, dependencies);

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'QuantiVista Config: authority', version: '1' },
  });
  return app;
}
