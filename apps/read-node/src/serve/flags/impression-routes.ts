/** Evaluations that clients made by themselves and report here. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, shownBy } from '@quantivista/access';
import { impressionsRoute, limitBody, requireJson, ServiceError } from '@quantivista/contracts';
import { createRateLimit } from '@quantivista/runtime';
import type { ReadAccess } from '../read-access.ts';
import { flagsResource } from '../readable.ts';
import type { HeldFlags } from './held-flags.ts';
import type { ImpressionCounts } from './impressions.ts';

export interface ImpressionRoutesOptions {
  readonly access: ReadAccess;
  readonly flags: HeldFlags;
  readonly counts: ImpressionCounts;
}

/** A client reports once in some seconds; a thousand of them may come at once. */
const REPORTS_PER_SECOND = 200;
const REPORT_BURST = 1_000;
const MAX_BYTES = 256 * 1024;

export function registerImpressions(
  app: OpenAPIHono,
  { access, flags, counts }: ImpressionRoutesOptions,
): void {
  const limit = createRateLimit({ perSecond: REPORTS_PER_SECOND, burst: REPORT_BURST });
  app.use(
    impressionsRoute.path,
    async (c, next) => {
      access.require(shownBy(c), flagsResource(SOME));
      if (!limit.take()) throw new ServiceError('overloaded');
      await next();
    },
    limitBody(MAX_BYTES),
    requireJson(),
  );
  app.openapi(impressionsRoute, c => {
    // Without a state no flag is known.
    if (!flags.current) throw new ServiceError('not_ready');
    const receipt = { counted: 0, unknown: 0 };
    for (const { flag, variant, count } of c.req.valid('json').counts) {
      receipt[counts.add(flag, variant, count) ? 'counted' : 'unknown'] += count;
    }
    return c.json(receipt, 200);
  });
}
