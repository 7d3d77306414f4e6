/** Tokens: who may call, and what the bearer may do. */
import { z } from '@hono/zod-openapi';
import { AccessScope } from './access-scope.ts';
import { ServiceName } from './names.ts';
import { Time } from './time.ts';

/**
 * `read-secret`: see the values of secrets and encrypted values too. `approve`: approve and reject proposals.
 * `flag`: change flags alone. `rollback`: go back to earlier versions alone. `admin`: tokens, roles, protection.
 * `break-glass`: change what is protected at once.
 */
export const PERMISSIONS = [
  'read',
  'read-secret',
  'write',
  'approve',
  'rollback',
  'flag',
  'audit',
  'admin',
  'break-glass',
] as const;
export const Permission = z.enum(PERMISSIONS).openapi('Permission');
export type Permission = z.infer<typeof Permission>;

/** Shown in the trail: printable, since people read it. */
export const TokenName = z
  .string()
  .min(1)
  .max(100)
  // A refinement: its flag has no place in a JSON Schema, which describes the API.
  .refine(name => /^[^\p{C}\p{Z}]+( [^\p{C}\p{Z}]+)*$/u.test(name), 'must be printable words');

export const TokenRequest = z
  .strictObject({
    name: TokenName.openapi({ description: 'who bears it; tokens of one name are one person' }),
    permissions: z
      .array(Permission)
      .refine(list => new Set(list).size === list.length, 'holds one twice')
      .openapi({ description: 'may be none: what roles give to its name is given besides' }),
    scopes: AccessScope.optional().openapi({ description: 'where the permissions hold; absent: everywhere' }),
    service: ServiceName.optional().openapi({
      description: 'who bears it is this service: flags are evaluated for it, whatever their contexts say',
    }),
    expires_at: Time.optional(),
  })
  .openapi('TokenRequest');
export type TokenRequest = z.infer<typeof TokenRequest>;

const tokenFields = {
  id: z.string().openapi({ description: 'names the token, and can not be used as one' }),
  name: z.string(),
  permissions: z.array(Permission),
  scopes: AccessScope.optional(),
  service: ServiceName.optional(),
  created_at: z.iso.datetime(),
  created_by: z.string().optional().openapi({ description: 'absent of the first token' }),
  expires_at: z.iso.datetime().optional(),
  last_used_at: z.iso.datetime().optional().openapi({
    description: 'to within an hour',
  }),
};
export const TokenSummary = z.object(tokenFields).openapi('TokenSummary');
export type TokenSummary = z.infer<typeof TokenSummary>;
export const CreatedToken = z
  .object({ ...tokenFields, token: z.string().openapi({ description: 'shown this once' }) })
  .openapi('CreatedToken');
export type CreatedToken = z.infer<typeof CreatedToken>;
export const TokenList = z.object({ tokens: z.array(TokenSummary) }).openapi('TokenList');
export type TokenList = z.infer<typeof TokenList>;
