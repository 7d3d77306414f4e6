/** Takes the reports of regions that are fed from this one: its own reporter passes them on. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  feedReportRoute,
  feedWithdrawRoute,
  fieldFault,
  limitBody,
  type RegionReport,
  requireJson,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import type { ReadAccess } from '../read-access.ts';

/** What is known of the regions below; kept in this region's Redis. */
export interface ChildReports {
  put(report: RegionReport): Promise<void>;
  remove(region: string): Promise<void>;
}

export interface ChildReportsOptions {
  /** This node's own. */
  readonly region: string;
  readonly access: ReadAccess;
  readonly reports: ChildReports;
}

const MAX_BYTES = 1024 * 1024;

export function registerChildReports(
  app: OpenAPIHono,
  { region, access, reports }: ChildReportsOptions,
): void {
  app.use(
    feedReportRoute.getRoutingPath(),
    async (c: Context, next) => {
      access.require(c.req.header('authorization') ?? null, {});
      await next();
    },
    limitBody(MAX_BYTES),
    requireJson(),
  );
  /** A region can't be fed from itself, and must not pass for its parent. */
  const requireChild = (named: string) => {
    if (named === region) throw fieldFault('path.region', 'is the region of this node');
  };
  app.openapi(feedReportRoute, async c => {
    const { region: named } = c.req.valid('param');
    const report: RegionReport = c.req.valid('json');
    requireChild(named);
    if (report.region !== named) throw fieldFault('body.region', 'is not the region of the path');
    await reports.put({ ...report, parent: report.parent ?? region });
    return c.body(null, 204);
  });
  app.openapi(feedWithdrawRoute, async c => {
    const { region: named } = c.req.valid('param');
    requireChild(named);
    await reports.remove(named);
    return c.body(null, 204);
  });
}
