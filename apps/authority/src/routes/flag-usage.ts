/** How flags are used: all of them, those that are not, one by its variants. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  FLAGS_PREFIX,
  fieldFault,
  flagUsageListRoute,
  flagUsageRoute,
  ServiceError,
  sinceMs,
} from '@quantivista/contracts';
import { createFlagReader, isListed } from '@quantivista/flags';
import { byName, readStored } from '../flags/store-flags.ts';
import type { Dependencies } from './dependencies.ts';
import { requireReader } from './read.ts';

export function registerFlagUsage(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, usage } = dependencies;
  const reader = createFlagReader();

  async function readFlags() {
    const { lists } = await readStored(etcd, [FLAGS_PREFIX]);
    return reader.read(byName(lists[0]!, FLAGS_PREFIX)).flags;
  }
  /** @throws ServiceError `invalid_request` */
  function begin(since: string | number): number {
    const ms = sinceMs(since, Date.now());
    if (ms > Date.now()) throw fieldFault('query.since', 'is in the future');
    return ms;
  }

  app.openapi(flagUsageListRoute, async c => {
    await requireReader(dependencies, c);
    const { since, unused_for: unusedForMs, archived, limit, after } = c.req.valid('query');
    const span = { sinceMs: begin(since) };
    const flags = [...(await readFlags()).values()].map(each => each.flag);
    const listed = flags.filter(flag => isListed(flag, archived === 'true'));
    return c.json(await usage.list(listed, span, { unusedForMs, limit, after }), 200);
  });

  app.openapi(flagUsageRoute, async c => {
    await requireReader(dependencies, c);
    const { flag_name: name } = c.req.valid('param');
    const { since, step } = c.req.valid('query');
    const span = { sinceMs: begin(since), step };
    const found = await usage.of(name, (await readFlags()).get(name)?.flag, span);
    if (!found) throw new ServiceError('not_found', { message: `there is no flag ${name}` });
    return c.json(found, 200);
  });
}
