/** A key's versions, and who changed what and why, commit by commit. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  type ConfigurationPath,
  configurationPath,
  type Environment,
  GENERATION_KEY,
  historyRoute,
  ServiceError,
  versionsRoute,
} from '@quantivista/contracts';
import type { Dependencies } from './dependencies.ts';
import { requireReader } from './read.ts';
import { versionPage } from './version-page.ts';

export function registerHistory(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, audit } = dependencies;

  app.openapi(versionsRoute, async c => {
    const { environment, limit, before } = c.req.valid('query');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = configurationPath({ environment, service, key } as ConfigurationPath);
    await requireReader(dependencies, c, { environment: environment as Environment, service, key });
    return c.json(await versionPage(dependencies, path, { limit, before }), 200);
  });

  app.openapi(historyRoute, async c => {
    const { environment, service_name: service, key_prefix: keyPrefix, before, limit } = c.req.valid('query');
    await requireReader(dependencies, c, { environment: environment as Environment, service, keyPrefix });
    const { revision, entries } = await etcd.read([GENERATION_KEY]);
    if (entries[0] === undefined) throw new ServiceError('not_ready');
    const generation = entries[0].value;
    // Not beyond what is settled: a commit that is recorded later would be missing between two pages.
    const settled = await audit.settledRevision(generation, revision);
    const commits = await audit.history(generation, {
      environment: environment as Environment,
      service,
      keyPrefix,
      before: Math.min(before ?? settled + 1, settled + 1),
      limit,
    });
    const last = commits.at(-1);
    const more = commits.length === limit && last !== undefined;
    return c.json({ commits, ...(more && { next_before: last.revision }) }, 200);
  });
}
