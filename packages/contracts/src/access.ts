/** Roles, and who has them: what a caller may do where. Stored in etcd as exactly this JSON. */
import { z } from '@hono/zod-openapi';
import { listOf, scopeFields } from './access-scope.ts';
import { FreeText } from './free-text.ts';
import { Permission, TokenName } from './token.ts';

export const Grant = z.strictObject({ actions: listOf(Permission), ...scopeFields }).openapi('Grant');
export type Grant = z.infer<typeof Grant>;

/** Of a role or a binding. */
export const AccessName = z
  .string()
  .max(100)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'must match [a-z0-9][a-z0-9_.-]*')
  .openapi({ example: 'risk-developer' });

const stored = {
  version: z.int().positive(),
  updated_at: z.iso.datetime(),
  updated_by: z.string(),
};
const update = { updated_by: z.string().optional(), reason: FreeText.optional() };

const roleFields = { description: FreeText.default(''), grants: z.array(Grant).max(100) };
export const RoleUpdate = z.strictObject({ ...roleFields, ...update }).openapi('RoleUpdate');
export type RoleUpdate = z.infer<typeof RoleUpdate>;
export const Role = z.object({ name: AccessName, ...roleFields, ...stored }).openapi('Role');
export type Role = z.infer<typeof Role>;
/** As it is listed: those that are built in have no versions. */
export const RoleSummary = z
  .object({ name: AccessName, ...roleFields, built_in: z.boolean(), ...z.object(stored).partial().shape })
  .openapi('RoleSummary');
export type RoleSummary = z.infer<typeof RoleSummary>;
export const RoleList = z.object({ roles: z.array(RoleSummary) }).openapi('RoleList');
export type RoleList = z.infer<typeof RoleList>;

export const SUBJECT_KINDS = ['person', 'group', 'service'] as const;
/** A token is whom it is named for: a person, or a service. */
export const Subject = z.strictObject({ kind: z.enum(SUBJECT_KINDS), name: TokenName }).openapi('Subject');
export type Subject = z.infer<typeof Subject>;

const bindingFields = {
  roles: listOf(AccessName),
  subjects: z.array(Subject).min(1).max(1_000),
  environments: scopeFields.environments.openapi({ description: 'the roles hold in these alone' }),
  services: scopeFields.services.openapi({ description: 'the roles hold for these alone' }),
};
export const BindingUpdate = z.strictObject({ ...bindingFields, ...update }).openapi('BindingUpdate');
export type BindingUpdate = z.infer<typeof BindingUpdate>;
export const Binding = z.object({ name: AccessName, ...bindingFields, ...stored }).openapi('Binding');
export type Binding = z.infer<typeof Binding>;
export const BindingList = z.object({ bindings: z.array(Binding) }).openapi('BindingList');
export type BindingList = z.infer<typeof BindingList>;
