/** What the authority tells of the network: its regions, who watches, how far a revision has come. */
import { createRoute, z } from '@hono/zod-openapi';
import { AgeState } from './age.ts';
import { ClientsQuery, clientSaid } from './client-propagation.ts';
import { Environment, ServiceName } from './names.ts';
import { Propagation } from './propagation.ts';
import { NodeReport, RegionReport } from './region-report.ts';
import { failures, json, problem, security } from './route-parts.ts';

export const RegionSummary = z.object({
  ...RegionReport.omit({ nodes: true, at: true, topics: true, instances_at: true }).shape,
  reported_at: z.iso.datetime().openapi({ description: "by the reporter's clock" }),
  state: AgeState.openapi({ description: 'of its oldest node, or of the report itself' }),
  watchers: z.int(),
  nodes: z.array(NodeReport.omit({ audiences: true, receipts: true })),
});
export const RegionList = z.object({ regions: z.array(RegionSummary) }).openapi('RegionList');
export type RegionSummary = z.infer<typeof RegionSummary>;
export type RegionList = z.infer<typeof RegionList>;

export const Instance = z.object({
  instance_id: z.string(),
  region: z.string(),
  node_id: z.string(),
  service_name: ServiceName.or(z.literal('*')).openapi({
    description: '`*` where it watches the whole environment',
  }),
  ...clientSaid,
});
export const InstanceList = z
  .object({
    environment: Environment,
    service_name: ServiceName,
    watchers: z.int().openapi({ description: 'open streams' }),
    unnamed: z.int().openapi({ description: 'those of them whose client did not name itself' }),
    instances: z.array(Instance),
    truncated: z.boolean().openapi({ description: 'whether there are more named instances than listed' }),
  })
  .openapi('InstanceList');
export type Instance = z.infer<typeof Instance>;
export type InstanceList = z.infer<typeof InstanceList>;

export const InstancesQuery = z.object({ environment: Environment, service_name: ServiceName });
export const PropagationParams = z.object({ revision: z.coerce.number().int().positive() });

export const regionsRoute = createRoute({
  method: 'get',
  path: '/api/v1/regions',
  summary: 'The live regions and their nodes',
  security,
  responses: { 200: json(RegionList, 'the regions, by name'), ...failures },
});
export const instancesRoute = createRoute({
  method: 'get',
  path: '/api/v1/instances',
  summary: 'Whom a change of a service would reach',
  security,
  request: { query: InstancesQuery },
  responses: { 200: json(InstanceList, 'who watches now'), ...failures },
});
export const propagationRoute = createRoute({
  method: 'get',
  path: '/api/v1/propagation/{revision}',
  summary: 'How far a revision has come, by node and by client',
  security,
  request: { params: PropagationParams, query: ClientsQuery },
  responses: {
    200: json(Propagation, 'by region and node, and a page of the clients that it concerns'),
    404: problem('the store has not reached the revision'),
    ...failures,
  },
});
