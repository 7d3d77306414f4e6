/** The roles that are always there. They can't be changed, so what they are called can be relied on. */
import { type Grant, PERMISSIONS, type Permission } from '@quantivista/contracts';

export interface BuiltInRole {
  readonly name: string;
  readonly description: string;
  readonly grants: readonly Grant[];
}

const role = (name: string, description: string, actions: readonly Permission[]): BuiltInRole => ({
  name,
  description,
  grants: [{ actions: [...actions] }],
});

export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  role('reader', 'reads configurations and flags', ['read']),
  role('secret-reader', 'reads, secrets among it', ['read', 'read-secret']),
  role('flag-manager', 'reads, and changes flags', ['read', 'flag']),
  role('developer', 'reads, and changes configurations and flags', ['read', 'write', 'flag', 'rollback']),
  role('operator', 'reads, and goes back to earlier versions', ['read', 'rollback']),
  role('approver', 'reads, and approves what others propose', ['read', 'approve']),
  role('auditor', 'reads, and sees who changed what', ['read', 'audit']),
  role('emergency', 'changes what is protected at once', [
    'read',
    'write',
    'flag',
    'rollback',
    'break-glass',
  ]),
  role('admin', 'may do everything', PERMISSIONS),
];

export const isBuiltIn = (name: string): boolean => BUILT_IN_ROLES.some(each => each.name === name);
