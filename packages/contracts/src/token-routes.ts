/** The endpoints of tokens: for those with `admin` alone. */
import { createRoute, z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { body, failures, json, problem, security } from './route-parts.ts';
import { CreatedToken, TokenList, TokenRequest } from './token.ts';

const forbidden = { 403: problem('the caller lacks the permission `admin`') };

export const createTokenRoute = createRoute({
  method: 'post',
  path: '/api/v1/access/tokens',
  summary: 'Make a token; it is shown in this answer and never again',
  security,
  request: { body: body(TokenRequest) },
  responses: { 201: json(CreatedToken, 'the token'), ...forbidden, ...failures },
});
export const listTokensRoute = createRoute({
  method: 'get',
  path: '/api/v1/access/tokens',
  summary: 'All tokens, without what they can be used with',
  security,
  responses: { 200: json(TokenList, 'the tokens, oldest first'), ...forbidden, ...failures },
});
export const revokeTokenRoute = createRoute({
  method: 'delete',
  path: '/api/v1/access/tokens/{id}',
  summary: 'Revoke a token: within seconds it is not known any more, on every node',
  security,
  request: {
    params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, 'must be the id of a token') }),
    query: z.object({ reason: FreeText.optional() }),
  },
  responses: { 204: { description: 'revoked' }, 404: problem('no such token'), ...forbidden, ...failures },
});
