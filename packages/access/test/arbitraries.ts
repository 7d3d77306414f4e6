/** Roles, bindings, principals and resources out of a small world, so that they often meet. */
import {
  type AccessScope,
  type Binding,
  CONFIG_TYPES,
  ENVIRONMENTS,
  type Grant,
  PERMISSIONS,
  type Role,
} from '@quantivista/contracts';
import fc from 'fast-check';
import type { Principal } from '../src/principal.ts';

const SERVICES = ['risk', 'risk-engine', 'orders'];
const KEYS = ['limit', 'limit_eur', 'db.password'];
const PATTERNS = ['*', 'risk', 'risk*', '*engine', 'o*s', 'limit', 'limit*', '*.password', 'no'];
const PEOPLE = ['ann', 'bob'];
const GROUPS = ['desk', 'ops'];
const ROLE_NAMES = ['r1', 'r2', 'r3', 'gone'];

const some = <T>(items: readonly T[]) => fc.subarray([...items], { minLength: 1 });
const maybe = <T>(items: readonly T[]) => fc.option(some(items), { nil: undefined });
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

const scope = fc
  .record({
    environments: maybe(ENVIRONMENTS),
    services: maybe(PATTERNS),
    keys: maybe(PATTERNS),
    types: maybe(CONFIG_TYPES),
  })
  .map(each => present(each) as AccessScope);
export const grant: fc.Arbitrary<Grant> = fc
  .tuple(some(PERMISSIONS), scope)
  .map(([actions, rest]) => ({ actions, ...rest }));
const stored = { version: 1, updated_at: '2026-01-01T00:00:00Z', updated_by: 'admin' };
export const roles: fc.Arbitrary<Role[]> = fc
  .uniqueArray(fc.constantFrom(...ROLE_NAMES.slice(0, 3)))
  .chain(names =>
    fc.tuple(
      ...names.map(name =>
        fc.array(grant, { maxLength: 3 }).map(grants => ({ name, description: '', grants, ...stored })),
      ),
    ),
  );
const subject = fc.oneof(
  fc.record({
    kind: fc.constantFrom('person' as const, 'service' as const),
    name: fc.constantFrom(...PEOPLE),
  }),
  fc.record({ kind: fc.constant('group' as const), name: fc.constantFrom(...GROUPS) }),
);
export const binding: fc.Arbitrary<Binding> = fc
  .record({
    roles: some(ROLE_NAMES),
    subjects: fc.array(subject, { minLength: 1, maxLength: 3 }),
    environments: maybe(ENVIRONMENTS),
    services: maybe(PATTERNS),
  })
  .map(each => ({ name: 'b', ...(present(each) as typeof each), ...stored }) as Binding);
export const bindings = fc.array(binding, { maxLength: 4 });
export const principal: fc.Arbitrary<Principal> = fc.record({
  name: fc.constantFrom(...PEOPLE),
  kind: fc.constantFrom('person', 'service', 'token'),
  groups: fc.subarray(GROUPS),
  permissions: fc.subarray([...PERMISSIONS]),
  scopes: fc.option(scope, { nil: undefined }),
  expiresAtMs: fc.constant(Number.POSITIVE_INFINITY),
});
export const action = fc.constantFrom(...PERMISSIONS);
export const resource = fc.record({
  environment: fc.constantFrom(...ENVIRONMENTS),
  service: fc.constantFrom(...SERVICES),
  key: fc.constantFrom(...KEYS),
  type: fc.constantFrom(...CONFIG_TYPES),
});

/** Every place there is. */
export const everywhere = ENVIRONMENTS.flatMap(environment =>
  SERVICES.flatMap(service =>
    KEYS.flatMap(key => CONFIG_TYPES.map(type => ({ environment, service, key, type }))),
  ),
);
