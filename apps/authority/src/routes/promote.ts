/** A service's values from one environment to another. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME } from '@quantivista/access';
import { type Environment, fieldFault, type PromoteRequest, promoteRoute } from '@quantivista/contracts';
import { type BulkRequest, carryOut, foresee, resultOf } from '../write/bulk/carry-out.ts';
import { planBulk } from '../write/bulk/plan.ts';
import { type PresentConfiguration, readPresent } from '../write/bulk/present.ts';
import { checkAuthor, checkType } from '../write/validate.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader } from './read.ts';

type Values = ReadonlyMap<string, PresentConfiguration>;

/** Whether a key is among those asked for. */
function selection({ keys, prefix }: PromoteRequest): (key: string) => boolean {
  if (keys === undefined) return key => key.startsWith(prefix ?? '');
  const named = new Set(keys);
  return key => named.has(key);
}

/** A key that is named must be there; where keys are removed, it may be in the target alone. */
function checkKeys({ keys = [], remove }: PromoteRequest, source: Values, target: Values): void {
  for (const [index, key] of keys.entries()) {
    if (source.has(key) || (remove && target.has(key))) continue;
    throw fieldFault(`body.keys.${index}`, 'there is no such key to promote', 'configuration_not_found');
  }
}

export function registerPromotion(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers, writer, regionWait } = dependencies;

  app.openapi(promoteRoute, async c => {
    const authorization = c.req.header('authorization');
    const { name } = await callers.require(authorization);
    const body: PromoteRequest = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, name);
    const { service_name: service } = body;
    const [from, to] = [body.from, body.to] as [Environment, Environment];
    const named: Resource[] = body.keys?.map(key => ({ key })) ?? [{ keyPrefix: body.prefix }];
    const source = named.map(each => ({ environment: from, service, ...each }));
    await requireReader(dependencies, c, ...source);
    const target = named.map(
      (each): Resource => ({ environment: to, service, key: SOME, type: SOME, ...each }),
    );
    await callers.require(authorization, ['write'], ...target);
    const places = [from, to].map(environment => ({ environment, service }));
    const present = await readPresent(etcd, places, {
      revision: body.expected_revision,
      generation: body.expected_generation,
    });
    const { generation, revision: readAt, services } = present;
    const [promoting, replaced] = services as [Values, Values];
    checkKeys(body, promoting, replaced);

    const isAsked = selection(body);
    const promoted = [...promoting].filter(([key]) => isAsked(key));
    for (const [, { configuration }] of promoted) checkType(configuration.config_type, false, 'body');
    const plan = planBulk({ ...present, services: [replaced] }, [
      {
        environment: to,
        service,
        values: new Map(
          promoted.map(([key, { configuration }]) => [
            key,
            {
              value: configuration.config_value,
              configType: configuration.config_type,
              changeType: body.change_type,
              // What is said of the key where it is already stays said there.
              description: replaced.has(key) ? undefined : configuration.description,
            },
          ]),
        ),
        removes: key => body.remove && isAsked(key) && !promoting.has(key),
        field: () => 'body',
      },
    ]);
    const request: BulkRequest = {
      actor: name,
      reason: body.reason ?? `promoted from ${from} at revision ${readAt}`,
      rollbackAvailable: true,
      awaited: wait !== undefined,
    };
    if (body.dry_run) {
      const prospect = await foresee(dependencies, plan, request, { atomic: true });
      return c.json(
        resultOf(plan, readAt, { dry_run: true, ...prospect }),
        200,
        stateHeaders(generation, readAt),
      );
    }
    const { transactions, last } = await carryOut(writer, plan, request, { atomic: true });
    const revision = last?.revision ?? null;
    const waited = last ? await regionWait.headers(wait, last) : {};
    const headers = { ...stateHeaders(generation, revision ?? readAt), ...waited };
    return c.json(resultOf(plan, readAt, { dry_run: false, revision, transactions }), 200, headers);
  });
}
