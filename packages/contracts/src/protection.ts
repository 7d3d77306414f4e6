/** Which environments are changed with the approval of others alone. */
import { z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { Environment } from './names.ts';
import { MAX_TRIAL_S } from './proposal.ts';
import { TokenName } from './token.ts';

const protectionFields = {
  required_approvals: z.int().min(1).max(20).openapi({ description: 'of persons other than the author' }),
  approvers: z
    .array(TokenName)
    .min(1)
    .max(100)
    .refine(list => new Set(list).size === list.length, 'holds a name twice')
    .optional()
    .openapi({ description: 'whose approvals count; absent: of all with the permission `approve`' }),
  flags: z.boolean().openapi({
    description: 'whether flags and segments, which belong to no environment, are protected by it too',
  }),
  break_glass: z.boolean().openapi({ description: 'whether the glass may be broken here' }),
  trial_s: z.int().min(1).max(MAX_TRIAL_S).optional().openapi({
    description:
      'changes of configurations are on trial for so many seconds at least, where they can be put back',
  }),
};

export const ProtectionRequest = z
  .strictObject({
    ...protectionFields,
    flags: protectionFields.flags.default(false),
    break_glass: protectionFields.break_glass.default(true),
    reason: FreeText.optional(),
  })
  .refine(({ approvers, required_approvals }) => !approvers || approvers.length >= required_approvals, {
    path: ['approvers'],
    message: 'are fewer than the approvals required',
  })
  .openapi('ProtectionRequest');
export type ProtectionRequest = z.infer<typeof ProtectionRequest>;

/** In etcd it is stored as exactly this JSON. */
export const Protection = z
  .object({
    environment: Environment,
    ...protectionFields,
    version: z.int().positive(),
    updated_at: z.iso.datetime(),
    updated_by: z.string(),
  })
  .openapi('Protection');
export type Protection = z.infer<typeof Protection>;

export const ProtectionList = z.object({ protections: z.array(Protection) }).openapi('ProtectionList');
export type ProtectionList = z.infer<typeof ProtectionList>;
