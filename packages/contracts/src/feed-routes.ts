/** What nodes of other regions are fed from; and where the reports of those regions come up. */
import { createRoute, z } from '@hono/zod-openapi';
import { AccessLogBundle } from './access-log.ts';
import {
  ChangesHead,
  ChangesLine,
  ChangesQuery,
  FeedEntry,
  FeedOffer,
  OfferQuery,
  SnapshotEnd,
  SnapshotHead,
  SnapshotQuery,
} from './feed.ts';
import { ImpressionBundle } from './impressions.ts';
import { RegionName } from './names.ts';
import { RegionReport } from './region-report.ts';
import { body, failures, json, notServed, problem, security } from './route-parts.ts';

export const FEED_PATH = '/api/v1/feed';

const lines = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/x-ndjson': { schema } },
});

export const feedOfferRoute = createRoute({
  method: 'get',
  path: FEED_PATH,
  summary: 'Where this node stands, for nodes that look for one to be fed from',
  security,
  request: { query: OfferQuery },
  responses: { 200: json(FeedOffer, 'generation, revision, age'), ...notServed, ...failures },
});
export const feedSnapshotRoute = createRoute({
  method: 'get',
  path: `${FEED_PATH}/snapshot`,
  summary: 'The whole state at one revision: a head, a line an entry, an end',
  security,
  request: { query: SnapshotQuery },
  responses: {
    200: lines(z.union([SnapshotHead, FeedEntry, SnapshotEnd]), 'lines of JSON'),
    409: problem('the revision is no longer held, or not reached yet'),
    ...notServed,
    ...failures,
  },
});
export const feedChangesRoute = createRoute({
  method: 'get',
  path: `${FEED_PATH}/changes`,
  summary: 'Every change since a revision, and then as they come: a head, then a line a revision',
  security,
  request: { query: ChangesQuery },
  responses: {
    200: lines(ChangesHead.or(ChangesLine), 'lines of JSON, without end'),
    409: problem('no longer held, another generation, or a revision ahead of this node'),
    ...notServed,
    ...failures,
  },
});

const ReportParams = z.object({ region: RegionName });

export const feedReportRoute = createRoute({
  method: 'put',
  path: `${FEED_PATH}/reports/{region}`,
  summary: "What a region says of itself that is fed from this one: passed on, with this region's own",
  security,
  request: { params: ReportParams, body: body(RegionReport) },
  responses: { 204: { description: 'noted' }, 413: problem('over 1 MB'), ...failures },
});
export const feedWithdrawRoute = createRoute({
  method: 'delete',
  path: `${FEED_PATH}/reports/{region}`,
  summary: 'A region that was fed from this one is no more',
  security,
  request: { params: ReportParams },
  responses: { 204: { description: 'noted' }, ...failures },
});

/** What a region counts of one kind. */
const tallyRoute = <T extends z.ZodType, K extends string>(kind: K, bundle: T, what: string) =>
  createRoute({
    method: 'put',
    path: `${FEED_PATH}/${kind}/{region}`,
    summary: `${what} a region that is fed from this one: passed on, one at a time`,
    security,
    request: { params: ReportParams, body: body(bundle) },
    responses: {
      204: { description: 'kept, to be passed on' },
      413: problem('over 2 MB'),
      ...failures,
      503: problem('`overloaded`: one of the region still waits here'),
    },
  });
export const feedImpressionsRoute = tallyRoute('impressions', ImpressionBundle, 'Evaluations counted in');
export const feedAccessLogRoute = tallyRoute('access-log', AccessLogBundle, 'Denials and uses of tokens in');
