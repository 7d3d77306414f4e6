/** Everything that does not take the fast lane: conditions, errors, health, status, the API's description. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, typeOf } from '@quantivista/access';
import {
  environmentNotServed,
  fieldFault,
  type PastPoint,
  readKeyRoute,
  readServiceRoute,
  type Scope,
  ServiceError,
  validationFault,
} from '@quantivista/contracts';
import type { Log, Metrics } from '@quantivista/runtime';
import type { Snapshot } from '@quantivista/snapshot';
import type { Context } from 'hono';
import type { Replica } from './follow/replica.ts';
import { answerKey, answerService, stateHeaders, toResponse } from './serve/answer.ts';
import { type ChildReports, registerChildReports } from './serve/feed/child-reports.ts';
import type { Parent } from './serve/feed/parent.ts';
import { feedRoutes } from './serve/feed/routes.ts';
import type { HeldFlags } from './serve/flags/held-flags.ts';
import { registerFlags } from './serve/flags/routes.ts';
import type { ReadAccess } from './serve/read-access.ts';
import type { Status } from './serve/status.ts';
import type { Admitter } from './serve/watch/admit.ts';
import type { Hub } from './serve/watch/hub.ts';
import { registerStreams } from './serve/watch/routes.ts';

export interface AppOptions {
  readonly region: string;
  readonly replica: Replica;
  readonly scope: Scope;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  readonly parent: Parent;
  readonly childReports: ChildReports;
  readonly ready: () => boolean;
  readonly status: () => Status;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly problem: (error: unknown) => Response;
  readonly hub: Hub;
  readonly admitter: Admitter;
  /** Longest wait for a `min_revision`. */
  readonly maxWaitMs: number;
}

interface Wanted {
  /** Absent where what is asked for belongs to none. */
  readonly environment?: string;
  readonly min_revision?: number | undefined;
  readonly max_age?: number | undefined;
  readonly at?: PastPoint | undefined;
  readonly version?: number | undefined;
}

const PAST = 'a node holds the present state alone: the authority answers this';

export function createApp({
  region,
  replica,
  scope,
  access,
  flags,
  parent,
  childReports,
  ready,
  status,
  metrics,
  log,
  problem,
  hub,
  admitter,
  maxWaitMs,
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

  /** The state, once it is as new as the request asks. */
  async function stateFor({ environment, min_revision, max_age, at, version }: Wanted): Promise<Snapshot> {
    if (at !== undefined) throw fieldFault('query.at', PAST);
    if (version !== undefined) throw fieldFault('query.version', PAST);
    if (environment !== undefined && !scope.includes(environment)) throw environmentNotServed(scope);
    if (min_revision !== undefined && !(await replica.reached(min_revision, maxWaitMs))) {
      const held = replica.current?.snapshot;
      throw new ServiceError('revision_not_reached', {
        details: { generation: held?.generation ?? null, revision: held?.revision ?? null },
      });
    }
    const snapshot = replica.current?.snapshot;
    if (!snapshot) throw new ServiceError('not_ready');
    if (max_age !== undefined && replica.age.ms() > max_age * 1_000) {
      const ageMs = replica.age.ms();
      throw new ServiceError('too_old', { details: { age: Number.isFinite(ageMs) ? ageMs / 1_000 : null } });
    }
    return snapshot;
  }
  const authorization = (c: Context) => c.req.header('authorization') ?? null;
  const ifNoneMatch = (c: Context) => c.req.header('if-none-match') ?? null;

  app.get('/livez', c => c.text('ok'));
  app.get('/readyz', c => {
    if (!ready()) throw new ServiceError('not_ready');
    return c.text('ready');
  });
  app.get('/status', c => c.json(status()));
  app.get('/metrics', async c =>
    c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }),
  );

  app.use('/api/*', async (c, next) => {
    await access.meet(authorization(c));
    await next();
  });
  // Before `…/{service_name}/{config_key}`, which would take `watch` for a service.
  registerStreams(app, { access, admitter, hub });
  app.openapi(readServiceRoute, async c => {
    const query = c.req.valid('query');
    const path = { environment: query.environment, service: c.req.valid('param').service_name };
    const reader = access.require(authorization(c), { ...path, key: SOME, type: SOME });
    const snapshot = await stateFor(query);
    const extent = reader.extent(path.environment, path.service);
    const answer = answerService(replica, snapshot, path, ifNoneMatch(c), extent);
    const nothing = { status: 200, headers: stateHeaders(replica), body: '{}' };
    return toResponse(answer ?? nothing) as never;
  });
  app.openapi(readKeyRoute, async c => {
    const query = c.req.valid('query');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = { environment: query.environment, service, key };
    access.require(authorization(c), { ...path, type: SOME });
    const snapshot = await stateFor(query);
    // Whoever reads by type alone is not told whether there is one of another.
    const entry = snapshot.entry(path.environment, service, key);
    access.require(authorization(c), { ...path, type: entry && typeOf(entry.body) });
    const answer = answerKey(replica, snapshot, path, ifNoneMatch(c));
    if (!answer) throw new ServiceError('configuration_not_found');
    return toResponse(answer) as never;
  });

  registerFlags(app, { replica, access, flags, stateFor });
  feedRoutes(app, parent, access);
  registerChildReports(app, { region, access, reports: childReports });

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'QuantiVista Config: read node', version: '1' },
  });
  return app;
}
