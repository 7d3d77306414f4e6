/** What differs between two points of a service or a key, or between two environments. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  configurationPath,
  type DiffSide,
  diffOf,
  diffRoute,
  type Environment,
  fieldFault,
  type Json,
  type Point,
  ServiceError,
} from '@quantivista/contracts';
import { createPast, type Now, type ValuesOf } from '../history/past.ts';
import type { Dependencies } from './dependencies.ts';
import { requireReader } from './read.ts';

/** One side of a diff: where it stands, and its values by key. */
interface Side {
  readonly about: DiffSide;
  readonly values: ReadonlyMap<string, Json>;
}

export function registerDiff(app: OpenAPIHono, dependencies: Dependencies): void {
  const { audit } = dependencies;
  const past = createPast(dependencies);

  async function sideOf(point: Point, of: ValuesOf, now: Now, field: string): Promise<Side> {
    const about = { environment: of.environment, service_name: of.service };
    if (point.kind === 'version') {
      const { environment, service, key } = of;
      if (key === undefined) throw fieldFault(field, 'a version is of one key: config_key is needed');
      const path = configurationPath({ environment, service, key });
      const found = await audit.version(now.generation, path, point.version);
      if (!found) throw new ServiceError('version_not_found');
      const values = new Map(found.deleted ? [] : [[key, found.config_value] as const]);
      return { about: { ...about, revision: found.revision }, values };
    }
    const revision = point.kind === 'present' ? now.revision : await past.revisionOf(point, now, field);
    return { about: { ...about, revision }, values: await past.valuesAt(now, revision, of) };
  }

  app.openapi(diffRoute, async c => {
    const query = c.req.valid('query');
    const environment = query.environment as Environment;
    const from: ValuesOf = { environment, service: query.service_name, key: query.config_key };
    const to: ValuesOf = {
      environment: (query.to_environment as Environment | undefined) ?? environment,
      service: query.to_service_name ?? from.service,
      key: from.key,
    };
    await requireReader(dependencies, c, from, to);
    const now = await past.now('not_settled');
    const [before, after] = await Promise.all([
      sideOf(query.from, from, now, 'query.from'),
      sideOf(query.to, to, now, 'query.to'),
    ]);
    const diff = diffOf([
      { environment: to.environment, service: to.service, before: before.values, after: after.values },
    ]);
    return c.json({ ...diff, from: before.about, to: after.about }, 200);
  });
}
