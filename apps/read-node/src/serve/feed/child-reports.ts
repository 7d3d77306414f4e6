/** Takes what regions report that are fed from this one, and what they have counted: its own reporter passes it on. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  type AccessLogBundle,
  feedAccessLogRoute,
  feedImpressionsRoute,
  feedReportRoute,
  feedWithdrawRoute,
  fieldFault,
  type ImpressionBundle,
  limitBody,
  type RegionReport,
  requireJson,
  ServiceError,
} from '@quantivista/contracts';
import type { Context, Next } from 'hono';
import type { ReadAccess } from '../read-access.ts';

/** What is known of the regions below; kept in this region's Redis. */
export interface ChildReports {
  put(report: RegionReport): Promise<void>;
  remove(region: string): Promise<void>;
  /** False while there is no room for it. */
  putImpressions(bundle: ImpressionBundle): Promise<boolean>;
  putAccessLog(bundle: AccessLogBundle): Promise<boolean>;
}

export interface ChildReportsOptions {
  /** This node's own. */
  readonly region: string;
  readonly access: ReadAccess;
  readonly reports: ChildReports;
}

const MAX_REPORT_BYTES = 1024 * 1024;
const MAX_BUNDLE_BYTES = 2 * 1024 * 1024;

export function registerChildReports(
  app: OpenAPIHono,
  { region, access, reports }: ChildReportsOptions,
): void {
  const admit = async (c: Context, next: Next) => {
    access.require(shownBy(c), {});
    await next();
  };
  app.use(feedReportRoute.getRoutingPath(), admit, limitBody(MAX_REPORT_BYTES), requireJson());
  for (const route of [feedImpressionsRoute, feedAccessLogRoute])
    app.use(route.getRoutingPath(), admit, limitBody(MAX_BUNDLE_BYTES), requireJson());
  /** A region can't be fed from itself, and must not pass for its parent. */
  const requireChild = (named: string, told = named) => {
    if (named === region) throw fieldFault('path.region', 'is the region of this node');
    if (told !== named) throw fieldFault('body.region', 'is not the region of the path');
  };
  app.openapi(feedReportRoute, async c => {
    const { region: named } = c.req.valid('param');
    const report: RegionReport = c.req.valid('json');
    requireChild(named, report.region);
    await reports.put({ ...report, parent: report.parent ?? region });
    return c.body(null, 204);
  });
  app.openapi(feedWithdrawRoute, async c => {
    const { region: named } = c.req.valid('param');
    requireChild(named);
    await reports.remove(named);
    return c.body(null, 204);
  });
  app.openapi(feedImpressionsRoute, async c => {
    const bundle: ImpressionBundle = c.req.valid('json');
    requireChild(c.req.valid('param').region, bundle.region);
    if (!(await reports.putImpressions(bundle))) throw new ServiceError('overloaded');
    return c.body(null, 204);
  });
  app.openapi(feedAccessLogRoute, async c => {
    const bundle: AccessLogBundle = c.req.valid('json');
    requireChild(c.req.valid('param').region, bundle.region);
    if (!(await reports.putAccessLog(bundle))) throw new ServiceError('overloaded');
    return c.body(null, 204);
  });
}
