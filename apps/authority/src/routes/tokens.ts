/** Tokens: made, listed, revoked. Each of it is in the trail, by the token's hash. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  createToken,
  hashToken,
  shownBy,
  type TokenRecord,
  tokenId,
  UNSTATED_PERMISSIONS,
} from '@quantivista/access';
import {
  createTokenRoute,
  fieldFault,
  type Json,
  listTokensRoute,
  revokeTokenRoute,
  ServiceError,
  TOKENS_PREFIX,
  type TokenSummary,
  tokenPath,
} from '@quantivista/contracts';
import { requireFuture } from '../calls.ts';
import { deleteRecord } from '../write/delete.ts';
import type { StoredRecord } from '../write/request.ts';
import { accessChanges } from './access-change.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

const summarize = (hash: string, record: TokenRecord): TokenSummary => {
  const {
    name,
    permissions = UNSTATED_PERMISSIONS,
    scopes,
    service,
    created_at,
    created_by,
    expires_at,
  } = record;
  return {
    id: tokenId(hash),
    name,
    permissions: [...permissions],
    ...(service !== undefined && { service }),
    ...(scopes !== undefined && { scopes }),
    created_at,
    ...(created_by !== undefined && { created_by }),
    ...(expires_at !== undefined && { expires_at }),
  };
};

/** Whatever becomes of roles and of other tokens, with one of these they can be set right. */
const isLastingAdmin = ({ permissions, scopes, expires_at }: TokenRecord): boolean =>
  (permissions ?? UNSTATED_PERMISSIONS).includes('admin') && scopes === undefined && expires_at === undefined;

export function registerTokens(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, audit, callers, immediate } = dependencies;
  const change = accessChanges(dependencies);

  async function held(): Promise<{ hash: string; record: TokenRecord }[]> {
    const listed = await etcd.list({ prefix: TOKENS_PREFIX });
    if (listed.kind !== 'listed') throw new ServiceError('store_unavailable');
    return listed.entries.map(({ key, value }) => ({
      hash: key.slice(TOKENS_PREFIX.length),
      record: JSON.parse(value) as TokenRecord,
    }));
  }

  app.openapi(createTokenRoute, async c => {
    const { name: actor } = await callers.require(shownBy(c), ['admin'], {});
    const { name, permissions, scopes, service, expires_at } = c.req.valid('json');
    if (expires_at !== undefined) requireFuture(expires_at, 'body.expires_at');
    const token = createToken();
    const hash = hashToken(token);
    const { generation, revision, records } = await immediate.write({
      changes: [
        {
          path: tokenPath(hash),
          field: 'body',
          conditions: { ifAbsent: true },
          next: (_, { version, now }) => ({
            version,
            name,
            permissions,
            ...(service !== undefined && { service }),
            ...(scopes !== undefined && { scopes: scopes as Json }),
            created_at: now,
            created_by: actor,
            ...(expires_at !== undefined && { expires_at }),
          }),
        },
      ],
      actor,
      reason: '',
      rollbackAvailable: false,
    });
    const made = summarize(hash, records[0] as StoredRecord & TokenRecord);
    return c.json({ ...made, token }, 201, stateHeaders(generation, revision));
  });

  app.openapi(listTokensRoute, async c => {
    await callers.require(shownBy(c), ['admin'], {});
    const [all, uses] = await Promise.all([held(), audit.tokenUses.all()]);
    const tokens = all.map(({ hash, record }) => {
      const used = uses.get(tokenId(hash));
      return { ...summarize(hash, record), ...(used !== undefined && { last_used_at: used }) };
    });
    return c.json({ tokens: tokens.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)) }, 200);
  });

  app.openapi(revokeTokenRoute, async c => {
    const { name: actor } = await callers.require(shownBy(c), ['admin'], {});
    const { id } = c.req.valid('param');
    const all = await held();
    const [found, ...more] = all.filter(({ hash }) => hash.startsWith(id));
    if (!found) throw new ServiceError('not_found', { message: 'there is no such token' });
    if (more.length > 0) throw fieldFault('path.id', 'begins several tokens');
    if (!all.some(each => each !== found && isLastingAdmin(each.record)) && isLastingAdmin(found.record))
      throw new ServiceError('in_use', { message: 'it is the last token that may administer all for good' });
    const revoked = deleteRecord(tokenPath(found.hash), { field: 'path.id' });
    const { headers } = await change({ change: revoked, actor, reason: c.req.valid('query').reason });
    return c.body(null, 204, headers);
  });
}
