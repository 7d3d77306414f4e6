/** What flagd and its clients read from a node. */
import { createRoute, z } from '@hono/zod-openapi';
import { ServiceFlagsQuery } from './flag-routes.ts';
import { ServiceName } from './names.ts';
import { failures, json, problem, security } from './route-parts.ts';

const FlagdQuery = ServiceFlagsQuery.omit({ archived: true }).extend({
  service: ServiceName.optional().openapi({ description: 'only flags for this service' }),
});

export const flagdRoute = createRoute({
  method: 'get',
  path: '/flagd/v1/flags.json',
  summary: "All flags as flagd's document: a source of HTTP sync",
  description: 'Poll it with `If-None-Match`. For one service, its contexts need not say `service`.',
  security,
  request: { query: FlagdQuery },
  responses: {
    200: json(z.record(z.string(), z.unknown()), 'valid by https://flagd.dev/schema/v0/flags.json'),
    304: { description: 'not modified' },
    409: problem('min_revision not reached'),
    ...failures,
  },
});
