/** How a revision fared at one client, as far as that said so. */
import { z } from '@hono/zod-openapi';
import { Environment, ServiceName } from './names.ts';
import { Revision } from './revision.ts';

export const CLIENT_STATES = ['applied', 'refused', 'held', 'pending'] as const;

export const ClientState = z.enum(CLIENT_STATES).openapi({
  description:
    '`applied`, `refused`: as it said, of this revision or a later one. `held`: its node has the revision, and it ' +
    'has said nothing of it on the streams that it has open now: clients need not, and say it again when they ' +
    'have come back. `pending`: its node does not have it yet.',
});
export type ClientState = z.infer<typeof ClientState>;

/** What an instance said last; of several streams the worst. */
export const clientSaid = {
  acked_revision: Revision.nullable().openapi({
    description: 'the newest that it said it applied on each of the streams that it has open; null for none',
  }),
  refused: z
    .object({ revision: Revision, reason: z.string().optional() })
    .optional()
    .openapi({ description: 'the newest that it refused' }),
};

export const ClientPropagation = z.object({
  instance_id: z.string(),
  region: z.string(),
  node_id: z.string(),
  environment: Environment,
  service_name: ServiceName.or(z.literal('*')).openapi({
    description: '`*` where it watches the whole environment',
  }),
  state: ClientState,
  ...clientSaid,
});
export type ClientPropagation = z.infer<typeof ClientPropagation>;

export const MAX_CLIENTS = 500;

/** Which clients to tell of. */
export const ClientsQuery = z.object({
  region: z.string().optional(),
  node_id: z.string().optional(),
  state: ClientState.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_CLIENTS).default(100),
  cursor: z.string().max(4_000).optional().openapi({ description: '`next_cursor` of the page before' }),
});
export type ClientsQuery = z.infer<typeof ClientsQuery>;

/** Part of an answer about a revision: a page of the instances that it concerns. */
export const clientsPage = {
  topics: z
    .array(z.string())
    .nullable()
    .openapi({
      description:
        'whose configuration the revision changed, as `PRODUCTION/risk_engine`, or `PRODUCTION/*` for many services; ' +
        'null where no node knows it any more: then no instances are told of',
    }),
  instances: z.array(ClientPropagation).openapi({
    description:
      'those that named themselves and watch what was changed, or their whole environment; as of ' +
      '`instances_as_of` of their regions. Those that watch some of the keys alone are not told apart.',
  }),
  next_cursor: z.string().optional().openapi({ description: 'asks for the page that follows' }),
  truncated: z.boolean().openapi({ description: 'whether regions may have more instances than they name' }),
};
