/** What a caller may do. Roles and bindings will say it some day; `may` decides for all who ask. */
import { PERMISSIONS, type Permission } from '@quantivista/contracts';

/** Of a token whose record does not say, as all were before there were permissions. */
export const UNSTATED_PERMISSIONS: readonly Permission[] = PERMISSIONS.filter(
  each => each !== 'break-glass' && each !== 'read-secret',
);

/** Whether one who holds `permissions` may do what takes `permission`: each is given by name, none implies another. */
export const may = (
  { permissions }: { readonly permissions: readonly Permission[] },
  permission: Permission,
): boolean => permissions.includes(permission);
