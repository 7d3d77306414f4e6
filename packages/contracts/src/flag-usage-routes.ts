/** Where evaluations are reported, and where it is told what became of them. */
import { createRoute, z } from '@hono/zod-openapi';
import { FlagName } from './flag-rules.ts';
import { FlagUsage, FlagUsageList, FlagUsageListQuery, FlagUsageQuery } from './flag-usage.ts';
import { ImpressionReceipt, ImpressionReport } from './impressions.ts';
import { body, failures, json, problem, security } from './route-parts.ts';

export const impressionsRoute = createRoute({
  method: 'post',
  path: '/api/v1/impressions',
  summary: 'Report evaluations that a client made by itself: each report is counted, so repeat none',
  security,
  request: { body: body(ImpressionReport) },
  responses: {
    200: json(ImpressionReceipt, 'what was counted'),
    413: problem('too large'),
    ...failures,
  },
});
export const flagUsageListRoute = createRoute({
  method: 'get',
  path: '/api/v1/flag-usage',
  summary: 'How often each flag was evaluated, and when last; with `unused_for`, those that are not used',
  security,
  request: { query: FlagUsageListQuery },
  responses: { 200: json(FlagUsageList, 'a page'), ...failures },
});
export const flagUsageRoute = createRoute({
  method: 'get',
  path: '/api/v1/flag-usage/{flag_name}',
  summary: "A flag's evaluations by variant, beside its rollout",
  security,
  request: { params: z.object({ flag_name: FlagName }), query: FlagUsageQuery },
  responses: {
    200: json(FlagUsage, 'the counts'),
    404: problem('no such flag, and none is known to have been'),
    ...failures,
  },
});
