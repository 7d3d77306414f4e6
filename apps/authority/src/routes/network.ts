/** What is known of the network: its regions, who watches, how far a revision has come. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME } from '@quantivista/access';
import {
  type Environment,
  fieldFault,
  GENERATION_KEY,
  instancesRoute,
  propagationRoute,
  regionsRoute,
  ServiceError,
} from '@quantivista/contracts';
import { instancesOf } from '../network/instances.ts';
import { propagationOf } from '../network/propagation.ts';
import { clientsPageOf, parseCursor } from '../network/propagation-clients.ts';
import { summarize } from '../network/region-list.ts';
import type { Dependencies } from './dependencies.ts';
import { requireReader } from './read.ts';

export function registerNetwork(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, regions } = dependencies;
  const requireKnown = () => {
    if (!regions.known) throw new ServiceError('not_ready', { message: 'The regions are not known yet' });
  };

  app.openapi(regionsRoute, async c => {
    await requireReader(dependencies, c);
    requireKnown();
    const now = Date.now();
    return c.json({ regions: regions.heads().map(report => summarize(report, now)) }, 200);
  });

  app.openapi(instancesRoute, async c => {
    const { environment, service_name } = c.req.valid('query');
    const of = { environment: environment as Environment, service: service_name };
    await requireReader(dependencies, c, { ...of, key: SOME, type: SOME });
    requireKnown();
    return c.json(instancesOf(regions.reports(), environment as Environment, service_name), 200);
  });

  app.openapi(propagationRoute, async c => {
    await requireReader(dependencies, c);
    requireKnown();
    const { revision } = c.req.valid('param');
    const { cursor, ...query } = c.req.valid('query');
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    if (cursor !== undefined && !after) throw fieldFault('query.cursor', 'is no `next_cursor`');
    const store = await etcd.read([GENERATION_KEY]);
    const generation = store.entries[0]?.value;
    if (generation === undefined) throw new ServiceError('not_ready');
    if (revision > store.revision) {
      throw new ServiceError('not_found', { message: `The store is at revision ${store.revision}` });
    }
    const of = { generation, revision };
    const reports = regions.reports();
    const page = clientsPageOf(reports, of, query, after);
    await requireReader(dependencies, c, ...(page.topics ?? []).map(topicResource));
    return c.json({ ...propagationOf(reports, of), ...page }, 200);
  });
}

/** Of a topic's name, `PRODUCTION/risk`: whoever may read some of it may know who watches it. */
function topicResource(topic: string): Resource {
  const [environment, service] = topic.split('/') as [Environment, string];
  return { environment, service: service === '*' ? undefined : service, key: SOME, type: SOME };
}
