/** Why a flag answers what it answers: for people, who ask one flag at a time. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, shownBy } from '@quantivista/access';
import {
  type Evaluated,
  evaluateRoute,
  limitBody,
  ofrepBulkRoute,
  ofrepEventsRoute,
  ofrepFlagRoute,
  requireJson,
  ServiceError,
} from '@quantivista/contracts';
import { explain } from '@quantivista/flags';
import type { Replica } from '../../follow/replica.ts';
import { stateHeaders } from '../answer.ts';
import type { ReadAccess } from '../read-access.ts';
import { flagsResource } from '../readable.ts';
import type { StateFor } from '../state-for.ts';
import { enrich } from './evaluator.ts';
import type { HeldFlags } from './held-flags.ts';

export interface ExplainOptions {
  readonly replica: Replica;
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  readonly stateFor: StateFor;
}

/** As much as is parsed in no time, whatever is in it. */
const MAX_BYTES = 16 * 1024;

export function registerExplain(app: OpenAPIHono, options: ExplainOptions): void {
  const { replica, access, flags, stateFor } = options;
  app.use(
    evaluateRoute.getRoutingPath(),
    async (c, next) => {
      access.require(shownBy(c), flagsResource(SOME));
      await next();
    },
    limitBody(MAX_BYTES),
    requireJson(),
  );
  app.openapi(evaluateRoute, async c => {
    const reader = access.require(shownBy(c), flagsResource(SOME));
    const { explain: wanted, ...state } = c.req.valid('query');
    const { flag_name } = c.req.valid('param');
    const { context } = c.req.valid('json');
    await stateFor(state);
    if (!flags.current) throw new ServiceError('not_ready');
    const { evaluation, steps } = explain(flags.current.set, flag_name, enrich(context, reader));
    const { value, variant, reason, errorDetails } = evaluation;
    if (value === undefined || variant === undefined)
      throw new ServiceError('flag_not_found', { message: errorDetails ?? '' });
    const answer: Evaluated = {
      flag_name,
      value,
      variant,
      reason,
      ...(errorDetails !== undefined && { error: errorDetails }),
      ...(wanted === 'true' && { steps: [...steps] }),
    };
    return c.json(answer, 200, stateHeaders(replica)) as never;
  });
  // Answered by the listeners, before any framework.
  for (const route of [ofrepFlagRoute, ofrepBulkRoute, ofrepEventsRoute])
    app.openAPIRegistry.registerPath(route);
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
}
