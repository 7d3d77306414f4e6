/** Tokens: made, listed, revoked. Each of it is in the trail, by the token's hash. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { createToken, hashToken, type TokenRecord, tokenId, UNSTATED_PERMISSIONS } from '@quantivista/access';
import {
  createTokenRoute,
  fieldFault,
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
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';

const summarize = (hash: string, record: TokenRecord): TokenSummary => {
  const { name, permissions = UNSTATED_PERMISSIONS, service, created_at, created_by, expires_at } = record;
  return {
    id: tokenId(hash),
    name,
    permissions: [...permissions],
    ...(service !== undefined && { service }),
    created_at,
    ...(created_by !== undefined && { created_by }),
    ...(expires_at !== undefined && { expires_at }),
  };
};

export function registerTokens(app: OpenAPIHono, { etcd, callers, immediate }: Dependencies): void {
  /** Of those whose hash begins so. */
  async function held(beginning = ''): Promise<{ hash: string; record: TokenRecord }[]> {
    const listed = await etcd.list({ prefix: TOKENS_PREFIX + beginning });
    if (listed.kind !== 'listed') throw new ServiceError('store_unavailable');
    return listed.entries.map(({ key, value }) => ({
      hash: key.slice(TOKENS_PREFIX.length),
      record: JSON.parse(value) as TokenRecord,
    }));
  }

  app.openapi(createTokenRoute, async c => {
    const { name: actor } = await callers.require(c.req.header('authorization'), ['admin']);
    const { name, permissions, service, expires_at } = c.req.valid('json');
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
    await callers.require(c.req.header('authorization'), ['admin']);
    const tokens = (await held()).map(({ hash, record }) => summarize(hash, record));
    return c.json({ tokens: tokens.sort((a, b) => (a.created_at < b.created_at ? -1 : 1)) }, 200);
  });

  app.openapi(revokeTokenRoute, async c => {
    const { name: actor } = await callers.require(c.req.header('authorization'), ['admin']);
    const { reason = '' } = c.req.valid('query');
    const [found, ...more] = await held(c.req.valid('param').id);
    if (!found) throw new ServiceError('not_found', { message: 'there is no such token' });
    if (more.length > 0) throw fieldFault('path.id', 'begins several tokens');
    const { generation, revision } = await immediate.write({
      changes: [deleteRecord(tokenPath(found.hash), { field: 'path.id' })],
      actor,
      reason,
      rollbackAvailable: false,
    });
    return c.body(null, 204, stateHeaders(generation, revision));
  });
}
