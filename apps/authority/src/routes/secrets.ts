/** What is done with secrets besides setting and reading them. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME, shownBy } from '@quantivista/access';
import {
  destroyRoute,
  type Environment,
  environmentPrefix,
  GENERATION_KEY,
  rewrapRoute,
  ServiceError,
  servicePrefix,
} from '@quantivista/contracts';
import { destroyVersions } from '../secrets/destroy.ts';
import { planRewrap } from '../secrets/rewrap.ts';
import { carryOut } from '../write/bulk/carry-out.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

export function registerSecrets(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, audit, callers, writer, immediate, secretStore, regionWait } = dependencies;

  function requireStore() {
    if (secretStore) return secretStore;
    throw new ServiceError('not_supported', { message: 'this authority has no store of secrets' });
  }

  app.openapi(rewrapRoute, async c => {
    const { name: actor } = await callers.require(shownBy(c));
    const { service_name: service, reason = 'encrypted by the newest key', ...body } = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    const environment = body.environment as Environment;
    const { revision, entries } = await etcd.read([GENERATION_KEY]);
    const prefix =
      service === undefined ? environmentPrefix(environment) : servicePrefix(environment, service);
    const listed = await etcd.list({ prefix, revision });
    if (entries[0] === undefined || listed.kind !== 'listed') throw new ServiceError('not_ready');
    const generation = entries[0].value;
    const { changes, kept } = await planRewrap(requireStore(), generation, listed.entries);
    const request = { actor, reason, rollbackAvailable: true, awaited: wait !== undefined };
    const { transactions, last } = await carryOut(writer, { changes }, request, { atomic: false });
    const waited = last ? await regionWait.headers(wait, last) : {};
    return c.json({ rewrapped: changes.length, kept, transactions }, 200, {
      ...stateHeaders(generation, last?.revision ?? revision),
      ...waited,
    });
  });

  app.openapi(destroyRoute, async c => {
    const body = c.req.valid('json');
    const { environment, service_name: service, config_key: key } = body;
    const secret: Resource = { environment: environment as Environment, service, key, type: SOME };
    const { name: actor } = await callers.require(shownBy(c), ['admin'], secret);
    const store = requireStore();
    return c.json(await destroyVersions({ etcd, audit, writer: immediate, store }, body, actor), 200);
  });
}
