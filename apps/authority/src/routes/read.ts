/** Reads at the authority: linearizable, straight from etcd, the same answers as a node's. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME, shownBy, typeOf, withinExtent } from '@quantivista/access';
import {
  type Configuration,
  type ConfigurationPath,
  configurationKey,
  type Environment,
  entityTag,
  fieldFault,
  GENERATION_KEY,
  holdsSealed,
  noneMatch,
  openedTag,
  type PastPoint,
  readKeyRoute,
  readServiceRoute,
  ServiceError,
  servicePrefix,
} from '@quantivista/contracts';
import { buildSnapshot, mapWithin } from '@quantivista/snapshot';
import type { Context } from 'hono';
import type { Caller } from '../callers.ts';
import { createPast } from '../history/past.ts';
import { pastConfiguration } from '../history/past-configuration.ts';
import type { Dependencies } from './dependencies.ts';
import { pastHeaders, stateHeaders } from './headers.ts';

/**
 * A caller who may read all of the resources, or without them anything; `undefined`: reads are open.
 * @throws ServiceError `unauthenticated`, `forbidden`, unless reads are open
 */
export async function requireReader(
  { reads, callers }: Dependencies,
  c: Context,
  ...resources: readonly Resource[]
): Promise<Caller | undefined> {
  if (reads === 'open') return undefined;
  return callers.require(shownBy(c), ['read'], ...resources);
}

/** @throws ServiceError `revision_not_reached` */
export function requireRevision(minimum: number | undefined, generation: string, revision: number): void {
  if (minimum !== undefined && revision < minimum) {
    throw new ServiceError('revision_not_reached', { details: { generation, revision } });
  }
}

/** A secret in an answer is nobody else's to keep. */
const NO_STORE = { 'cache-control': 'private, no-store' };

export function registerReads(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, secretReads } = dependencies;
  const past = createPast(dependencies);

  const answer = (c: Context, headers: Record<string, string>, body: string) =>
    headers.etag === undefined || noneMatch(c.req.header('if-none-match') ?? null, headers.etag)
      ? c.body(body, 200, { ...headers, 'content-type': 'application/json' })
      : c.body(null, 304, headers);

  /** Who is to be shown secrets; nobody where the caller does not want to be. */
  const askedBy = (c: Context) => (c.req.query('secrets') === undefined ? shownBy(c) : undefined);

  async function readPastKey(
    c: Context,
    path: ConfigurationPath,
    wanted: { at: PastPoint | undefined; version: number | undefined },
  ) {
    if (wanted.at && wanted.version !== undefined) {
      throw fieldFault('query.version', 'may not be given together with at');
    }
    const now = await past.now('not_settled');
    const { configuration, revision } = wanted.at
      ? await past.configurationAt(now, await past.revisionOf(wanted.at, now, 'query.at'), path)
      : await pastConfiguration(dependencies.audit, now.generation, path, wanted.version!);
    const shown = await secretReads.shown(configuration, askedBy(c));
    const headers = pastHeaders(now.generation, revision);
    return c.json(shown, 200, shown === configuration ? headers : { ...headers, ...NO_STORE });
  }

  app.openapi(readServiceRoute, async c => {
    const { environment, min_revision, at } = c.req.valid('query');
    const { service_name } = c.req.valid('param');
    const of = { environment: environment as Environment, service: service_name };
    const caller = await requireReader(dependencies, c, { ...of, key: SOME, type: SOME });
    if (at) {
      // Of a part of the keys: what their types were then is not known.
      if (caller) await requireReader(dependencies, c, of);
      const now = await past.now('not_settled');
      const revision = await past.revisionOf(at, now, 'query.at');
      const values = await past.valuesAt(now, revision, of);
      return c.json(Object.fromEntries(values), 200, pastHeaders(now.generation, revision)) as never;
    }
    const { revision, entries } = await etcd.read([GENERATION_KEY]);
    const generation = entries[0]?.value;
    // At the same revision: the values are of that generation, whatever comes between.
    const prefix = servicePrefix(environment as ConfigurationPath['environment'], service_name);
    const listed = await etcd.list({ prefix, revision });
    if (generation === undefined || listed.kind !== 'listed') throw new ServiceError('not_ready');
    requireRevision(min_revision, generation, listed.revision);
    const snapshot = buildSnapshot(generation, listed.revision, listed.entries);
    const service = snapshot.service(environment, service_name);
    const extent = caller?.rights.extent('read', of) ?? 'all';
    const map = service && mapWithin(service, generation, withinExtent(extent, of.service));
    return answer(c, stateHeaders(generation, listed.revision, map?.tag), map?.body ?? '{}') as never;
  });

  app.openapi(readKeyRoute, async c => {
    const { environment, min_revision, at, version } = c.req.valid('query');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = { environment, service, key } as ConfigurationPath;
    const isPast = at !== undefined || version !== undefined;
    // Of the past the types are not known: whoever reads by type alone reads the present.
    await requireReader(dependencies, c, { ...path, type: isPast ? undefined : SOME });
    if (at || version !== undefined) return (await readPastKey(c, path, { at, version })) as never;
    const { revision, entries } = await etcd.read([GENERATION_KEY, configurationKey(path)]);
    const generation = entries[0]?.value;
    if (generation === undefined) throw new ServiceError('not_ready');
    requireRevision(min_revision, generation, revision);
    const type = entries[1] && typeOf(entries[1].value);
    await requireReader(dependencies, c, { ...path, type });
    if (!entries[1]) throw new ServiceError('configuration_not_found');
    const etag = entityTag(generation, entries[1].modRevision);
    const headers = stateHeaders(generation, revision, etag);
    if (!holdsSealed(entries[1].value)) return answer(c, headers, entries[1].value) as never;
    const configuration = JSON.parse(entries[1].value) as Configuration;
    const credential = askedBy(c);
    if (!(await secretReads.isOpen(configuration, credential)))
      return answer(c, headers, entries[1].value) as never;
    const opened = { ...headers, etag: openedTag(etag), ...NO_STORE };
    if (!noneMatch(c.req.header('if-none-match') ?? null, opened.etag))
      return c.body(null, 304, opened) as never;
    return c.json(await secretReads.shown(configuration, credential), 200, opened) as never;
  });
}
