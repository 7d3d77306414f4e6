/**
 * The endpoints of flags and segments. Below `/feature-flags/` a flag is written by its name, and the flags of a
 * service are read by the service's; what reads one flag, or all of them, is below `/flags`.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { FeatureFlag, FeatureFlagUpdate, Segment, SegmentUpdate } from './flag.ts';
import {
  FlagBatch,
  FlagBatchResult,
  FlagList,
  FlagRollbackRequest,
  FlagRollbackResult,
  FlagVersionList,
  ProjectionCheck,
  ProjectionRebuilt,
  SegmentList,
} from './flag-lists.ts';
import { FlagName, SegmentName } from './flag-rules.ts';
import { FreeText } from './free-text.ts';
import { ServiceName } from './names.ts';
import { PreferWait } from './prefer.ts';
import { body, failures, json, problem, security } from './route-parts.ts';

const FlagParams = z.object({ flag_name: FlagName });
const SegmentParams = z.object({ segment_name: SegmentName });
const Archived = z.enum(['true', 'false']).optional().openapi({ description: '`true`: archived flags too' });
/** `min_revision`, `max_age`: as of a read of configurations. */
export const ServiceFlagsQuery = z.object({
  archived: Archived,
  min_revision: z.coerce.number().int().nonnegative().optional(),
  max_age: z.coerce.number().nonnegative().optional(),
});
const page = { limit: z.coerce.number().int().min(1).max(500).default(100) };
const FlagsQuery = z.object({ ...page, archived: Archived, after: FlagName.optional() });
const SegmentsQuery = z.object({ ...page, after: SegmentName.optional() });
const FlagVersionsQuery = z.object({ ...page, before: z.coerce.number().int().positive().optional() });
const ReasonQuery = z.object({ reason: FreeText.optional() });
const WriteHeaders = z.object({ prefer: PreferWait.optional() });

const written = {
  400: problem('bad request, or something that it refers to is not there: names the field'),
  401: failures[401],
  409: problem('a condition does not hold, or `in_use`: other flags would be left without what they need'),
  413: problem('too large'),
  503: failures[503],
};
const noFlag = { 404: problem('no such flag') };
const noSegment = { 404: problem('no such segment') };
const FLAGS = '/api/v1/flags';
const SEGMENTS = '/api/v1/segments';

export const putFlagRoute = createRoute({
  method: 'put',
  path: '/api/v1/feature-flags/{flag_name}',
  summary: 'Create or change a flag: what is absent stays; a new one is off, for nobody',
  security,
  request: { params: FlagParams, headers: WriteHeaders, body: body(FeatureFlagUpdate) },
  responses: { 200: json(FeatureFlag, 'the new state'), ...written },
});
export const deleteFlagRoute = createRoute({
  method: 'delete',
  path: '/api/v1/feature-flags/{flag_name}',
  summary: 'Delete a flag; its versions remain',
  security,
  request: { params: FlagParams, query: ReasonQuery, headers: WriteHeaders },
  responses: { 204: { description: 'deleted' }, ...noFlag, ...written },
});
export const serviceFlagsRoute = createRoute({
  method: 'get',
  path: '/api/v1/feature-flags/{service_name}',
  summary: 'The flags that are for a service, by name',
  security,
  request: { params: z.object({ service_name: ServiceName }), query: ServiceFlagsQuery },
  responses: {
    200: json(z.array(FeatureFlag), 'those without target services, and those that name it'),
    304: { description: 'not modified' },
    409: problem('min_revision not reached'),
    ...failures,
  },
});
export const flagsRoute = createRoute({
  method: 'get',
  path: FLAGS,
  summary: 'All flags, by name, in pages',
  security,
  request: { query: FlagsQuery },
  responses: { 200: json(FlagList, 'a page'), ...failures },
});
export const flagRoute = createRoute({
  method: 'get',
  path: `${FLAGS}/{flag_name}`,
  summary: 'One flag',
  security,
  request: { params: FlagParams },
  responses: {
    200: json(FeatureFlag, 'the flag'),
    304: { description: 'not modified' },
    ...noFlag,
    ...failures,
  },
});
export const flagVersionsRoute = createRoute({
  method: 'get',
  path: `${FLAGS}/{flag_name}/versions`,
  summary: "A flag's versions, newest first",
  security,
  request: { params: FlagParams, query: FlagVersionsQuery },
  responses: { 200: json(FlagVersionList, 'the versions'), ...failures },
});
export const flagRollbackRoute = createRoute({
  method: 'post',
  path: `${FLAGS}/{flag_name}/rollback`,
  summary: 'Set a flag back to one of its versions',
  security,
  request: { params: FlagParams, headers: WriteHeaders, body: body(FlagRollbackRequest) },
  responses: {
    200: json(FlagRollbackResult, 'what was restored'),
    404: problem('no such version'),
    ...written,
  },
});
export const flagBatchRoute = createRoute({
  method: 'post',
  path: `${FLAGS}/batch`,
  summary: 'Create or change up to 100 flags in one transaction',
  security,
  request: { headers: WriteHeaders, body: body(FlagBatch) },
  responses: { 200: json(FlagBatchResult, 'the new states'), ...written },
});
export const segmentsRoute = createRoute({
  method: 'get',
  path: SEGMENTS,
  summary: 'All segments, by name, in pages',
  security,
  request: { query: SegmentsQuery },
  responses: { 200: json(SegmentList, 'a page'), ...failures },
});
export const segmentRoute = createRoute({
  method: 'get',
  path: `${SEGMENTS}/{segment_name}`,
  summary: 'One segment',
  security,
  request: { params: SegmentParams },
  responses: {
    200: json(Segment, 'the segment'),
    304: { description: 'not modified' },
    ...noSegment,
    ...failures,
  },
});
export const putSegmentRoute = createRoute({
  method: 'put',
  path: `${SEGMENTS}/{segment_name}`,
  summary: 'Create or change a segment: what is absent stays',
  security,
  request: { params: SegmentParams, headers: WriteHeaders, body: body(SegmentUpdate) },
  responses: { 200: json(Segment, 'the new state'), ...written },
});
export const deleteSegmentRoute = createRoute({
  method: 'delete',
  path: `${SEGMENTS}/{segment_name}`,
  summary: 'Delete a segment that no flag uses; its versions remain',
  security,
  request: { params: SegmentParams, query: ReasonQuery, headers: WriteHeaders },
  responses: { 204: { description: 'deleted' }, ...noSegment, ...written },
});
export const projectionCheckRoute = createRoute({
  method: 'get',
  path: '/api/v1/flag-projection',
  summary: 'Where the table feature_flags differs from the store',
  security,
  responses: { 200: json(ProjectionCheck, 'the differences'), ...failures },
});
export const projectionRebuildRoute = createRoute({
  method: 'post',
  path: '/api/v1/flag-projection/rebuild',
  summary: 'Make the table feature_flags what the store says',
  security,
  request: { body: body(z.strictObject({})) },
  responses: { 200: json(ProjectionRebuilt, 'what was done'), ...failures },
});
