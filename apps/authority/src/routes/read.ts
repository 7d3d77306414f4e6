/** Reads at the authority: linearizable, straight from etcd, the same answers as a node's. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  type ConfigurationPath,
  configurationKey,
  entityTag,
  GENERATION_KEY,
  noneMatch,
  readKeyRoute,
  readServiceRoute,
  ServiceError,
  servicePrefix,
} from '@quantivista/contracts';
import { buildSnapshot, serviceMap, serviceMapTag } from '@quantivista/snapshot';
import type { Context } from 'hono';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

/** @throws ServiceError `unauthenticated`, `forbidden`, unless reads are open */
export async function requireReader({ reads, callers }: Dependencies, c: Context): Promise<void> {
  if (reads === 'token') await callers.require(c.req.header('authorization'), ['read']);
}

function requireRevision(minimum: number | undefined, generation: string, revision: number): void {
  if (minimum !== undefined && revision < minimum) {
    throw new ServiceError('revision_not_reached', { details: { generation, revision } });
  }
}

export function registerReads(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd } = dependencies;

  const answer = (c: Context, headers: Record<string, string>, body: string) =>
    headers.etag === undefined || noneMatch(c.req.header('if-none-match') ?? null, headers.etag)
      ? c.body(body, 200, { ...headers, 'content-type': 'application/json' })
      : c.body(null, 304, headers);

  app.openapi(readServiceRoute, async c => {
    await requireReader(dependencies, c);
    const { environment, min_revision } = c.req.valid('query');
    const { service_name } = c.req.valid('param');
    const { revision, entries } = await etcd.read([GENERATION_KEY]);
    const generation = entries[0]?.value;
    // At the same revision: the values are of that generation, whatever comes between.
    const prefix = servicePrefix(environment as ConfigurationPath['environment'], service_name);
    const listed = await etcd.list({ prefix, revision });
    if (generation === undefined || listed.kind !== 'listed') throw new ServiceError('not_ready');
    requireRevision(min_revision, generation, listed.revision);
    const snapshot = buildSnapshot(generation, listed.revision, listed.entries);
    const service = snapshot.service(environment, service_name);
    const etag = service && serviceMapTag(service, generation);
    return answer(
      c,
      stateHeaders(generation, listed.revision, etag),
      service ? serviceMap(service) : '{}',
    ) as never;
  });

  app.openapi(readKeyRoute, async c => {
    await requireReader(dependencies, c);
    const { environment, min_revision } = c.req.valid('query');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = { environment, service, key } as ConfigurationPath;
    const { revision, entries } = await etcd.read([GENERATION_KEY, configurationKey(path)]);
    const generation = entries[0]?.value;
    if (generation === undefined) throw new ServiceError('not_ready');
    requireRevision(min_revision, generation, revision);
    if (!entries[1]) throw new ServiceError('configuration_not_found');
    const etag = entityTag(generation, entries[1].modRevision);
    return answer(c, stateHeaders(generation, revision, etag), entries[1].value) as never;
  });
}
