/** Everything that does not take the fast lane: conditions, errors, health, status, the API's description. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { type Connected, SOME, shownBy, typeOf } from '@quantivista/access';
import {
  isOperation,
  readKeyRoute,
  readServiceRoute,
  refuseTokenInUrl,
  ServiceError,
  securityHeaders,
  validationFault,
} from '@quantivista/contracts';
import type { Log, Metrics } from '@quantivista/runtime';
import type { Context } from 'hono';
import type { Replica } from './follow/replica.ts';
import { type Answer, answerKey, answerService, stateHeaders, toResponse } from './serve/answer.ts';
import { type ChildReports, registerChildReports } from './serve/feed/child-reports.ts';
import type { Parent } from './serve/feed/parent.ts';
import { feedRoutes } from './serve/feed/routes.ts';
import { registerFlagd } from './serve/flagd/routes.ts';
import { registerExplain } from './serve/flags/explain.ts';
import type { HeldFlags } from './serve/flags/held-flags.ts';
import { registerImpressions } from './serve/flags/impression-routes.ts';
import type { ImpressionCounts } from './serve/flags/impressions.ts';
import { registerFlags } from './serve/flags/routes.ts';
import type { AddressOf, ReadAccess } from './serve/read-access.ts';
import type { Reader } from './serve/reader.ts';
import type { SecretAnswers, ServicePath } from './serve/secret-answers.ts';
import type { StateFor } from './serve/state-for.ts';
import type { Status } from './serve/status.ts';
import type { Admitter } from './serve/watch/admit.ts';
import type { Hub } from './serve/watch/hub.ts';
import { registerStreams } from './serve/watch/routes.ts';

/** What the listener says of a request besides. */
export interface RequestEnv extends Partial<Connected> {
  readonly address?: AddressOf;
}

export interface AppOptions {
  readonly region: string;
  readonly replica: Replica;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  /** Absent where evaluations are not counted: then none are taken either. */
  readonly impressions: ImpressionCounts | undefined;
  readonly secretAnswers: SecretAnswers | undefined;
  readonly parent: Parent;
  readonly childReports: ChildReports;
  /** Paths at which nobody is asked for a token. */
  readonly forAnyone: ReadonlySet<string>;
  readonly ready: () => boolean;
  readonly status: () => Status;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly problem: (error: unknown) => Response;
  readonly hub: Hub;
  readonly admitter: Admitter;
  readonly stateFor: StateFor;
}

export function createApp({
  region,
  replica,
  access,
  flags,
  impressions,
  secretAnswers,
  parent,
  childReports,
  forAnyone,
  ready,
  status,
  metrics,
  log,
  problem,
  hub,
  admitter,
  stateFor,
}: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: result => {
      if (!result.success) throw validationFault(result.error, result.target);
    },
  });
  app.onError(error => {
    if (!(error instanceof ServiceError) || error.code === 'internal')
      log.error({ err: error }, 'a request failed');
    return problem(error);
  });
  app.notFound(() => problem(new ServiceError('not_found')));

  /** As the listener says it: each runtime has its own way. */
  const addressOf = ({ env }: Context) => (env as RequestEnv).address?.();
  const ifNoneMatch = (c: Context) => c.req.header('if-none-match') ?? null;

  /** `undefined` where there are none that this reader may see. */
  async function answerWithSecrets(
    c: Context,
    reader: Reader,
    path: ServicePath & { key?: string },
  ): Promise<Answer | undefined> {
    const serviceNow = () => replica.current?.snapshot.service(path.environment, path.service);
    const before = serviceNow();
    if (!secretAnswers || !before || secretAnswers.shownTo(reader, path, before) === 'none') return undefined;
    const { key } = path;
    await secretAnswers.settled(path, key === undefined ? [...before.sealed!.keys()] : [key]);
    const service = serviceNow();
    // It may have changed meanwhile, and so may the rights.
    if (!service || secretAnswers.shownTo(reader, path, service) === 'none') return undefined;
    if (key === undefined) return secretAnswers.settledService(path, service, reader, ifNoneMatch(c));
    return secretAnswers.settledKey({ ...path, key }, service.sealed!.get(key)!, ifNoneMatch(c));
  }

  app.use(securityHeaders());
  app.use(async (c, next) => {
    refuseTokenInUrl(c.req.url);
    if (forAnyone.has(c.req.path)) return next();
    const shown = shownBy(c);
    await access.meet(shown, () => addressOf(c));
    // Before anything of the request is judged: who is not known does not learn what there is.
    if (isOperation(c.req.path)) access.require(shown);
    else access.identify(shown);
    return next();
  });
  app.get('/livez', c => c.text('ok'));
  app.get('/readyz', c => {
    if (!ready()) throw new ServiceError('not_ready');
    return c.text('ready');
  });
  app.get('/status', c => c.json(status()));
  app.get('/metrics', async c =>
    c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }),
  );

  // Before `…/{service_name}/{config_key}`, which would take `watch` for a service.
  registerStreams(app, { access, admitter, hub });
  app.openapi(readServiceRoute, async c => {
    const query = c.req.valid('query');
    const path = { environment: query.environment, service: c.req.valid('param').service_name };
    const reader = access.require(shownBy(c), { ...path, key: SOME, type: SOME });
    const snapshot = await stateFor(query);
    const secret = query.secrets ? undefined : await answerWithSecrets(c, reader, path);
    if (secret) return toResponse(secret) as never;
    const extent = reader.extent(path.environment, path.service);
    const answer = answerService(replica, snapshot, path, ifNoneMatch(c), extent);
    const nothing = { status: 200, headers: stateHeaders(replica), body: '{}' };
    return toResponse(answer ?? nothing) as never;
  });
  app.openapi(readKeyRoute, async c => {
    const query = c.req.valid('query');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = { environment: query.environment, service, key };
    access.require(shownBy(c), { ...path, type: SOME });
    const snapshot = await stateFor(query);
    // Whoever reads by type alone is not told whether there is one of another.
    const entry = snapshot.entry(path.environment, service, key);
    const reader = access.require(shownBy(c), { ...path, type: entry && typeOf(entry.body) });
    const secret = query.secrets ? undefined : await answerWithSecrets(c, reader, path);
    const answer = secret ?? answerKey(replica, snapshot, path, ifNoneMatch(c));
    if (!answer) throw new ServiceError('configuration_not_found');
    return toResponse(answer) as never;
  });

  registerFlags(app, { replica, access, flags, stateFor });
  if (impressions) registerImpressions(app, { access, flags, counts: impressions });
  registerFlagd(app, { replica, access, flags, stateFor });
  registerExplain(app, { replica, access, flags, stateFor });
  feedRoutes(app, parent, access);
  registerChildReports(app, { region, access, reports: childReports });

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'QuantiVista Config: read node', version: '1' },
  });
  return app;
}
