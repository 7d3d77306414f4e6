/** Questions about rights: who am I, may X do Y on Z, who was denied what. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { nameOf, type Principal, shownBy } from '@quantivista/access';
import {
  type AccessCheck,
  type AccessScope,
  accessCheckRoute,
  denialsRoute,
  type Environment,
  whoAmIRoute,
} from '@quantivista/contracts';
import type { Dependencies } from './dependencies.ts';

export function registerAccess(app: OpenAPIHono, { audit, callers }: Dependencies): void {
  app.openapi(whoAmIRoute, async c => {
    const { principal } = await callers.require(shownBy(c));
    const { name, kind, groups, expiresAtMs } = principal;
    const model = await callers.model();
    const grants = model.grantsOf(principal).map(({ grant, environments, services }) => ({
      ...grant,
      ...((environments ?? services) && { within: { environments, services } as AccessScope }),
    }));
    const expires = Number.isFinite(expiresAtMs) && { expires_at: new Date(expiresAtMs).toISOString() };
    return c.json(
      { name, kind, groups: [...groups], ...expires, roles: [...model.rolesOf(principal)], grants },
      200,
    );
  });

  app.openapi(accessCheckRoute, async c => {
    const credential = shownBy(c);
    const caller = await callers.require(credential);
    const body: AccessCheck = c.req.valid('json');
    const { subject, action, environment, service_name: service, config_key: key, config_type: type } = body;
    if (subject) await callers.require(credential, ['admin'], {});
    const model = await callers.model();
    const asked: Principal = subject
      ? { ...subject, permissions: [], expiresAtMs: Number.POSITIVE_INFINITY }
      : caller.principal;
    const resource = { environment: environment as Environment | undefined, service, key, type };
    const decision = model.rightsOf(asked).decide(action, resource);
    const roles = model.rolesOf(asked);
    const by = roles.length > 0 ? `the roles ${roles.join(', ')}` : 'its token alone';
    const why = decision.allowed ? `${by}: ${action} on ${nameOf(resource)}` : decision.why;
    return c.json({ allowed: decision.allowed, why }, 200);
  });

  app.openapi(denialsRoute, async c => {
    await callers.require(shownBy(c), ['audit'], {});
    const query = c.req.valid('query');
    const denials = await audit.denials.list(query);
    const more = denials.length === query.limit;
    return c.json({ denials, ...(more && { next_before: denials.at(-1)!.id }) }, 200);
  });
}
