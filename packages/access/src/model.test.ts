import { ENVIRONMENTS, type Role } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as any from '../test/arbitraries.ts';
import { naivelyAllowed } from '../test/naive-model.ts';
import { SOME } from './decide.ts';
import { createAccessModel, readAccessModel } from './model.ts';
import type { Principal } from './principal.ts';

const runs = { numRuns: 500 };
const person = (name: string, more: Partial<Principal> = {}): Principal => ({
  name,
  kind: 'person',
  groups: [],
  permissions: [],
  expiresAtMs: Number.POSITIVE_INFINITY,
  ...more,
});
const stored = { version: 1, updated_at: '2026-01-01T00:00:00Z', updated_by: 'admin' };

test('what is decided of a key is what the rules plainly say', () => {
  fc.assert(
    fc.property(
      any.roles,
      any.bindings,
      any.principal,
      any.action,
      any.resource,
      (roles, bindings, who, action, what) => {
        const rights = createAccessModel(roles, bindings).rightsOf(who);
        expect(rights.decide(action, what).allowed).toBe(
          naivelyAllowed({ roles, bindings }, who, action, what),
        );
      },
    ),
    { numRuns: 3_000 },
  );
});

test('what is granted of a service is what is granted of each of its keys', () => {
  fc.assert(
    fc.property(
      any.roles,
      any.bindings,
      any.principal,
      any.action,
      any.resource,
      (roles, bindings, who, action, { environment, service }) => {
        const rights = createAccessModel(roles, bindings).rightsOf(who);
        for (const of of [{ environment, service }, { environment }]) {
          const extent = rights.extent(action, of);
          for (const place of any.everywhere) {
            if (place.environment !== environment || ('service' in of && place.service !== service)) continue;
            const admitted = typeof extent === 'string' ? extent === 'all' : extent.admits(place);
            expect(admitted).toBe(naivelyAllowed({ roles, bindings }, who, action, place));
          }
        }
      },
    ),
    runs,
  );
});

test('what is granted of a whole is granted of each part', () => {
  fc.assert(
    fc.property(any.roles, any.bindings, any.principal, any.action, (roles, bindings, who, action) => {
      const rights = createAccessModel(roles, bindings).rightsOf(who);
      for (const place of any.everywhere) {
        const { environment, service, key, type } = place;
        const wholes = [
          {},
          { environment },
          { service },
          { environment, service },
          { environment, service, key },
        ];
        const allowed = wholes.some(whole => rights.decide(action, whole).allowed);
        if (allowed) expect(rights.decide(action, { environment, service, key, type }).allowed).toBe(true);
      }
      const inSome = ENVIRONMENTS.some(environment => rights.decide(action, { environment }).allowed);
      expect(rights.decide(action, { environment: SOME }).allowed || !inSome).toBe(true);
    }),
    runs,
  );
});

test('more grants never take a right away', () => {
  fc.assert(
    fc.property(
      any.roles,
      any.bindings,
      any.binding,
      any.principal,
      any.action,
      any.resource,
      (roles, bindings, more, who, action, what) => {
        const before = createAccessModel(roles, bindings).rightsOf(who).decide(action, what);
        const after = createAccessModel(roles, [...bindings, more])
          .rightsOf(who)
          .decide(action, what);
        expect(after.allowed || !before.allowed).toBe(true);
      },
    ),
    runs,
  );
});

describe('roles', () => {
  const bind = (role: string, more = {}) => [
    { name: 'b', roles: [role], subjects: [{ kind: 'person' as const, name: 'ann' }], ...more, ...stored },
  ];
  const risk = { environment: 'PRODUCTION', service: 'risk', key: 'a', type: 'SECRET' } as const;

  test('a reader reads and does nothing else; nobody else may do anything', () => {
    const model = createAccessModel([], bind('reader'));
    const ann = model.rightsOf(person('ann'));
    expect(ann.decide('read', {})).toEqual({ allowed: true });
    expect(ann.decide('read-secret', risk)).toEqual({ allowed: false, why: 'nothing grants read-secret' });
    expect(model.rightsOf(person('bob')).hasSome('read')).toBe(false);
    expect(model.rolesOf(person('ann'))).toEqual(['reader']);
  });
  test('a built-in role can not be replaced by a record of its name', () => {
    const forged: Role = { name: 'reader', description: '', grants: [{ actions: ['admin'] }], ...stored };
    const rights = createAccessModel([forged], bind('reader')).rightsOf(person('ann'));
    expect(rights.decide('admin', {}).allowed).toBe(false);
  });
  test('a binding narrows its roles', () => {
    const rights = createAccessModel(
      [],
      bind('admin', { environments: ['TEST'], services: ['ri*'] }),
    ).rightsOf(person('ann'));
    expect(rights.decide('admin', {}).allowed).toBe(false);
    expect(rights.decide('write', { ...risk, environment: 'TEST' }).allowed).toBe(true);
    expect(rights.decide('write', risk)).toEqual({ allowed: false, why: 'no grant of write covers it' });
    expect(rights.decide('write', { environment: SOME, service: 'risk' }).allowed).toBe(true);
  });
  test('a person of that name is no service, and a token is both', () => {
    const model = createAccessModel([], bind('reader'));
    const may = (kind: Principal['kind']) => model.rightsOf(person('ann', { kind })).hasSome('read');
    expect([may('person'), may('service'), may('token')]).toEqual([true, false, true]);
  });
  test('what is no record gives nothing, and harms nothing', () => {
    const model = readAccessModel(
      ['{', 'null', '{"name":"x","grants":[{}]}'],
      [JSON.stringify(bind('reader')[0]), '[]'],
    );
    expect(model.rightsOf(person('ann')).hasSome('read')).toBe(true);
  });
});
