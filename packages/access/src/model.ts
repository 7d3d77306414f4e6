/** Roles and bindings as they stand, and what they come to for a caller. */
import type { Binding, Grant, Role } from '@quantivista/contracts';
import { compileRights, type NarrowedGrant, type Rights } from './decide.ts';
import type { Principal } from './principal.ts';
import { BUILT_IN_ROLES } from './roles.ts';

export interface AccessModel {
  /** All that the caller is granted, by its token and by its roles. */
  grantsOf(principal: Principal): readonly NarrowedGrant[];
  /** The names of its roles. */
  rolesOf(principal: Principal): readonly string[];
  /** Compiled; of one principal it is the same object each time. */
  rightsOf(principal: Principal): Rights;
}

const subjectName = (kind: string, name: string) => `${kind} ${name}`;

/** As subjects of bindings: a token is the person or the service that it is named for. */
function subjectsOf({ kind, name, groups }: Principal): string[] {
  const kinds = kind === 'token' ? ['person', 'service'] : [kind];
  return [...kinds.map(each => subjectName(each, name)), ...groups.map(group => subjectName('group', group))];
}

/** A binding that names a role which is not there gives nothing by it. */
export function createAccessModel(roles: readonly Role[], bindings: readonly Binding[]): AccessModel {
  const grants = new Map<string, readonly Grant[]>(roles.map(role => [role.name, role.grants]));
  // Last: nothing that is put behind the authority's back changes what they are.
  for (const role of BUILT_IN_ROLES) grants.set(role.name, role.grants);
  const bySubject = new Map<string, Binding[]>();
  for (const binding of bindings) {
    for (const { kind, name } of binding.subjects) {
      const subject = subjectName(kind, name);
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), binding]);
    }
  }
  const compiled = new WeakMap<Principal, Rights>();

  const bindingsOf = (principal: Principal) => [
    ...new Set(subjectsOf(principal).flatMap(subject => bySubject.get(subject) ?? [])),
  ];
  const grantsOf: AccessModel['grantsOf'] = principal => [
    ...(principal.permissions.length > 0
      ? [{ grant: { actions: [...principal.permissions], ...principal.scopes } }]
      : []),
    ...bindingsOf(principal).flatMap(({ roles: names, environments, services }) =>
      names.flatMap(name => (grants.get(name) ?? []).map(grant => ({ grant, environments, services }))),
    ),
  ];

  return {
    grantsOf,
    rolesOf: principal => [...new Set(bindingsOf(principal).flatMap(binding => binding.roles))].sort(),
    rightsOf: principal => {
      const rights = compiled.get(principal) ?? compileRights(grantsOf(principal));
      compiled.set(principal, rights);
      return rights;
    },
  };
}

/** From what is stored. What is no role or binding gives nothing. */
export function readAccessModel(roles: Iterable<string>, bindings: Iterable<string>): AccessModel {
  const parsed = <T>(texts: Iterable<string>, isWhole: (record: T) => boolean): T[] =>
    [...texts].flatMap(text => {
      try {
        const record = JSON.parse(text) as T;
        return isWhole(record) ? [record] : [];
      } catch {
        return [];
      }
    });
  return createAccessModel(
    parsed<Role>(
      roles,
      role => Array.isArray(role.grants) && role.grants.every(each => Array.isArray(each.actions)),
    ),
    parsed<Binding>(bindings, each => Array.isArray(each.roles) && Array.isArray(each.subjects)),
  );
}
