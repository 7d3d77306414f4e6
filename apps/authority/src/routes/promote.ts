/** A service's values from one environment to another. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME, shownBy } from '@quantivista/access';
import {
  type Environment,
  fieldFault,
  isSealed,
  type PromoteRequest,
  promoteRoute,
} from '@quantivista/contracts';
import { type BulkRequest, carryOut, foresee, resultOf } from '../write/bulk/carry-out.ts';
import { planBulk } from '../write/bulk/plan.ts';
import { openPresent, type PresentConfiguration, readPresent } from '../write/bulk/present.ts';
import { checkAuthor } from '../write/validate.ts';
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
  const { etcd, callers, writer, secrets, regionWait } = dependencies;

  app.openapi(promoteRoute, async c => {
    const credential = shownBy(c);
    const { name } = await callers.require(credential);
    const body: PromoteRequest = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, name);
    const { service_name: service } = body;
    const [from, to] = [body.from, body.to] as [Environment, Environment];
    const named: Resource[] = body.keys?.map(key => ({ key })) ?? [{ keyPrefix: body.prefix }];
    await requireReader(dependencies, c, ...named.map(each => ({ environment: from, service, ...each })));
    const written = named.map(
      (each): Resource => ({ environment: to, service, key: SOME, type: SOME, ...each }),
    );
    await callers.require(credential, ['write'], ...written);
    const places = [from, to].map(environment => ({ environment, service }));
    const present = await readPresent(etcd, places, {
      revision: body.expected_revision,
      generation: body.expected_generation,
    });
    const { generation, revision: readAt, services } = present;
    const [source, sealedTarget] = services as [Values, Values];
    checkKeys(body, source, sealedTarget);

    const isAsked = selection(body);
    // Who may see secrets where they go, and not where they are, must not come by them so.
    const secretsOfSource = [...source]
      .filter(([key, { configuration }]) => isAsked(key) && isSealed(configuration.config_value))
      .map(([key, { configuration }]): Resource => {
        return { environment: from, service, key, type: configuration.config_type };
      });
    if (secretsOfSource.length > 0) await callers.require(credential, ['read-secret'], ...secretsOfSource);
    // What is sealed is bound to its place: it is opened here, and kept anew for the other.
    const target = await openPresent(secrets, sealedTarget, key => isAsked(key) && source.has(key));
    const promoted = await Promise.all(
      [...source]
        .filter(([key]) => isAsked(key))
        .map(async ([key, { configuration }]) => [key, await secrets.opened(configuration)] as const),
    );
    const plan = planBulk({ ...present, services: [target] }, [
      {
        environment: to,
        service,
        values: new Map(
          promoted.map(([key, configuration]) => [
            key,
            {
              value: configuration.config_value,
              configType: configuration.config_type,
              isEncrypted: configuration.is_encrypted,
              changeType: body.change_type,
              // What is said of the key where it is already stays said there.
              description: target.has(key) ? undefined : configuration.description,
            },
          ]),
        ),
        removes: key => body.remove && isAsked(key) && !source.has(key),
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
