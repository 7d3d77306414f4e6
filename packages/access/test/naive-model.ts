/** The rules once more, as plainly as they can be said and however slowly: what tests compare with. */
import type { Binding, Grant, Role } from '@quantivista/contracts';
import type { Action, Resource } from '../src/decide.ts';
import type { Principal } from '../src/principal.ts';

export function naiveGlob(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] !== '*')
    return name !== '' && pattern[0] === name[0] && naiveGlob(pattern.slice(1), name.slice(1));
  return naiveGlob(pattern.slice(1), name) || (name !== '' && naiveGlob(pattern, name.slice(1)));
}

const some = (patterns: readonly string[], name: string) => patterns.some(each => naiveGlob(each, name));
const isSubject = (principal: Principal, { kind, name }: Binding['subjects'][number]) =>
  kind === 'group'
    ? principal.groups.includes(name)
    : name === principal.name && (principal.kind === 'token' || principal.kind === kind);

/** Whether the grant, held within what a binding narrows it to, covers one key. */
function covers(
  grant: Grant,
  within: Pick<Binding, 'environments' | 'services'>,
  { environment, service, key, type }: { environment: string; service: string; key: string; type: string },
): boolean {
  return (
    [grant.environments, within.environments].every(
      list => !list || (list as string[]).includes(environment),
    ) &&
    [grant.services, within.services].every(list => !list || some(list, service)) &&
    (!grant.keys || some(grant.keys, key)) &&
    (!grant.types || (grant.types as string[]).includes(type))
  );
}

export function naivelyAllowed(
  { roles, bindings }: { roles: readonly Role[]; bindings: readonly Binding[] },
  principal: Principal,
  action: Action,
  resource: Required<Pick<Resource, 'service' | 'key' | 'type'>> & { environment: string },
): boolean {
  const place = resource as { environment: string; service: string; key: string; type: string };
  if (principal.permissions.includes(action)) {
    if (covers({ actions: [action], ...principal.scopes }, {}, place)) return true;
  }
  for (const binding of bindings) {
    if (!binding.subjects.some(subject => isSubject(principal, subject))) continue;
    for (const role of roles) {
      if (!binding.roles.includes(role.name)) continue;
      for (const grant of role.grants)
        if (grant.actions.includes(action) && covers(grant, binding, place)) return true;
    }
  }
  return false;
}
