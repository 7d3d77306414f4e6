/** How roles and bindings are changed: what their next states are. */
import {
  type Binding,
  type BindingUpdate,
  bindingPath,
  type RecordPath,
  type Role,
  type RoleUpdate,
  rolePath,
} from '@quantivista/contracts';
import type { Conditions, RequestedChange, StoredRecord } from './request.ts';

type Named<T extends { readonly name: string; version: number; updated_at: string; updated_by: string }> =
  Omit<T, 'version' | 'updated_at' | 'updated_by'>;

const set = (path: RecordPath, fields: object, conditions: Conditions): RequestedChange => ({
  path,
  field: 'body',
  conditions,
  next: (_, { version, now, actor }) =>
    ({ ...fields, version, updated_at: now, updated_by: actor }) as unknown as StoredRecord,
});

export function setRole(
  name: string,
  { description, grants }: RoleUpdate,
  conditions: Conditions,
): RequestedChange {
  const role: Named<Role> = { name, description, grants };
  return set(rolePath(name), role, conditions);
}

export function setBinding(name: string, update: BindingUpdate, conditions: Conditions): RequestedChange {
  const { updated_by: _, reason: __, ...fields } = update;
  const binding: Named<Binding> = { name, ...fields };
  return set(bindingPath(name), binding, conditions);
}
