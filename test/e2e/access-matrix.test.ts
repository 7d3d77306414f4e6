/**
 * What callers may do, cell by cell: generated roles, bindings and scopes, every action, every kind of caller, at the
 * authority and at a node, against the rules as plainly as they can be said.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Binding,
  CONFIG_TYPES,
  type CreatedToken,
  type Permission,
  type Role,
} from '@quantivista/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../infra/stack/until.ts';
import type { Principal } from '../../packages/access/src/principal.ts';
import { BUILT_IN_ROLES } from '../../packages/access/src/roles.ts';
import * as any from '../../packages/access/test/arbitraries.ts';
import { naivelyAllowed } from '../../packages/access/test/naive-model.ts';
import type { Answer, Api } from '../harness/api.ts';
import { denialsOnRecord, timesOf } from '../harness/denials-on-record.ts';
import { AUDIENCE, assembleJwt, createSigningKey, createTestIssuer, signWith } from '../harness/issuer.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

const SEED = Number(process.env.QV_SEED ?? randomInt(2 ** 31));
const PEOPLE = 12;
/** Secrets have a store of their own, and ways of their own. */
const TYPES = CONFIG_TYPES.filter(type => type !== 'SECRET');

/** What a caller shows: a token of ours, or a JWT of one of three issuers. */
const KINDS = ['token', 'person', 'service', 'account'] as const;
const SERVICES = 'https://services.test';
const CLUSTER = 'https://cluster.test';
const clusterKey = createSigningKey();
/** As Kubernetes names its service accounts. */
const account = (name: string) => `system:serviceaccount:desk:${name}`;

const dir = mkdtempSync(join(tmpdir(), 'qv-matrix-'));
const jwks_file = join(dir, 'jwks.json');
writeFileSync(jwks_file, JSON.stringify({ keys: [clusterKey.jwk] }));
const others = [SERVICES, CLUSTER].map(each => ({
  issuer: each,
  audience: AUDIENCE,
  jwks_file,
  kind: 'service',
}));
const issuer = createTestIssuer({}, others);
/** Groups as Kubernetes has them are of its namespaces: none of ours. */
const jwtOf = (kind: (typeof KINDS)[number], name: string, groups: readonly string[], jti: string) =>
  kind === 'person'
    ? issuer.token(name, { groups, jti })
    : assembleJwt(
        { alg: 'ES256', kid: clusterKey.id },
        {
          iss: kind === 'account' ? CLUSTER : SERVICES,
          aud: AUDIENCE,
          sub: name,
          groups,
          jti,
          exp: Math.floor(Date.now() / 1_000) + 3_600,
        },
        signWith(clusterKey),
      );
let network: TestNetwork;

const stored = { version: 1, updated_at: '2026-01-01T00:00:00Z', updated_by: 'admin' };

/** A caller, and what it shows. */
interface Holder {
  readonly principal: Principal;
  readonly bearer: string;
}
type Place = (typeof any.everywhere)[number];

const places = any.everywhere.filter(
  ({ environment }) => environment === 'PRODUCTION' || environment === 'TEST',
);
/** Every key has one type. */
const held: readonly Place[] = places.filter(
  ({ service, key, type }) => type === TYPES[(service.length + key.length) % TYPES.length],
);

beforeAll(async () => {
  const env = { ISSUERS_FILE: issuer.file };
  network = await startTestNetwork({
    regionNames: ['eu-west'],
    nodeRoles: ['feed,serve'],
    reads: 'token',
    authorityEnv: env,
    nodeEnv: { ...env, ACCESS_LOG_WINDOW_MS: '1000' },
  });
});
afterAll(async () => {
  await network?.stop();
  issuer.remove();
  rmSync(dir, { recursive: true });
});

/** The path of a request that takes the action there, and its body; `undefined`: it is not asked over HTTP here. */
function attempt(action: Permission, { environment, service, key, type }: Place) {
  const path = `/api/v1/config/${service}/${key}?environment=${environment}`;
  // A condition that never holds: a request that is allowed changes nothing.
  const update = { new_value: 'new', old_value: 'never', config_type: type };
  const rollback = { environment, service_name: service, config_key: key, version: 999_999 };
  switch (action) {
    case 'read':
      return { method: 'GET', path };
    case 'write':
      return { method: 'PUT', path, body: update };
    case 'rollback':
      return { method: 'POST', path: '/api/v1/config/rollback', body: rollback };
    default:
      return undefined;
  }
}

const isDenied = ({ status, problem }: Answer): boolean => {
  if (status === 403) return problem.type === 'urn:quantivista:problem:forbidden';
  expect([200, 404, 409], JSON.stringify(problem)).toContain(status);
  return false;
};

test('every cell is what the rules say', async () => {
  console.log(`QV_SEED=${SEED}`);
  const admin = network.api(network.authority);
  const put = async (path: string, body: object) => {
    const answer = await admin.request('PUT', `/api/v1/access/${path}`, { body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.revision;
  };
  for (const { environment, service, key, type } of held) {
    const made = await admin.put(service, key, 'held', { environment, body: { config_type: type } });
    expect(made.status, JSON.stringify(made.body)).toBe(200);
  }

  const [roles] = fc.sample(
    any.roles.filter(list => list.length === 3),
    { numRuns: 1, seed: SEED },
  ) as [Role[]];
  // Roles that can be made: an API takes no list without grants of a kind that is not there.
  for (const { name, description, grants } of roles) await put(`roles/${name}`, { description, grants });
  const sampled = fc.sample(any.binding, { numRuns: 12, seed: SEED });
  const known = new Set(roles.map(({ name }) => name));
  const bindings: Binding[] = sampled.flatMap((binding, index) => {
    const own = binding.roles.filter(role => known.has(role));
    // What is given to a service is given to the account of that name too.
    const subjects = binding.subjects.flatMap(each =>
      each.kind === 'service' ? [each, { ...each, name: account(each.name) }] : [each],
    );
    return own.length === 0 ? [] : [{ ...binding, name: `b${index}`, roles: own, subjects }];
  });
  // And each role that is built in, to somebody of each kind, in one service.
  for (const { name } of BUILT_IN_ROLES) {
    const subjects = (['person', 'service'] as const).map(kind => ({ kind, name: `the-${name}` }));
    bindings.push({ ...stored, name: `built-in-${name}`, roles: [name], services: ['risk*'], subjects });
  }
  const all: Role[] = [
    ...roles,
    ...BUILT_IN_ROLES.map(role => ({ ...stored, ...role, grants: [...role.grants] })),
  ];
  let revision = 0;
  for (const { name, version: _, updated_at: __, updated_by: ___, ...body } of bindings)
    revision = await put(`bindings/${name}`, body);

  const holders: Holder[] = [];
  const asThem = BUILT_IN_ROLES.map(({ name }): Principal => {
    const nothing = { groups: [], permissions: [], scopes: undefined, expiresAtMs: Number.POSITIVE_INFINITY };
    return { ...nothing, kind: 'person', name: `the-${name}` };
  });
  const principals = [...fc.sample(any.principal, { numRuns: PEOPLE, seed: SEED }), ...asThem];
  for (const [index, principal] of principals.entries()) {
    const kind = KINDS[index % KINDS.length]!;
    const { groups, permissions, scopes } = principal;
    if (kind === 'token') {
      const { name } = principal;
      const body = { name, permissions, ...(scopes && { scopes }) };
      const made = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      revision = made.revision;
      holders.push({ principal: { ...principal, kind, groups: [] }, bearer: made.body.token });
    } else {
      // Of its issuer's kind, and nothing by itself.
      const name = kind === 'account' && index < PEOPLE ? account(principal.name) : principal.name;
      holders.push({
        principal: {
          ...principal,
          name,
          kind: kind === 'person' ? 'person' : 'service',
          permissions: [],
          scopes: undefined,
        },
        bearer: jwtOf(kind, name, groups, String(index)),
      });
    }
  }
  const [node] = network.serving;
  await until(
    async () => (await network.api(node!).list('risk', { query: { min_revision: revision } })).status === 200,
    { what: 'the node to know' },
  );

  let cells = 0;
  let allowed = 0;
  /** How often something was denied, by where and to whom. */
  const denied = new Map<string, number>();
  const note = (where: string, caller: string) => {
    const name = JSON.stringify([where, caller]);
    denied.set(name, (denied.get(name) ?? 0) + 1);
  };
  const region = network.regions[0]!.name;
  const check = async (api: Api, { principal }: Holder, action: Permission, place: Place, at: string) => {
    const wanted = attempt(action, place)!;
    const answer = await api.request(wanted.method, wanted.path, { body: wanted.body });
    // A write is a way back too: either right is enough for it.
    const enough: Permission[] = action === 'rollback' ? ['rollback', 'write'] : [action];
    const expected = enough.some(each => naivelyAllowed({ roles: all, bindings }, principal, each, place));
    const what = `${at}: ${action} by ${JSON.stringify(principal)} on ${JSON.stringify(place)}`;
    expect(!isDenied(answer), `${what}: ${JSON.stringify(answer.body)}`).toBe(expected);
    cells++;
    allowed += Number(expected);
    if (!expected) note(at, principal.name);
  };
  for (const holder of holders) {
    const authority = network.api(network.authority, holder.bearer);
    const read = network.api(node!, holder.bearer);
    for (const place of held) {
      await Promise.all([
        check(authority, holder, 'read', place, 'authority'),
        check(read, holder, 'read', place, region),
        check(authority, holder, 'write', place, 'authority'),
        check(authority, holder, 'rollback', place, 'authority'),
      ]);
    }
    // A service as a whole: what of it may be read, and the same at both.
    for (const environment of ['PRODUCTION', 'TEST'] as const) {
      for (const service of ['risk', 'risk-engine', 'orders']) {
        const [atAuthority, atNode] = await Promise.all(
          [authority, read].map(api => api.list(service, { environment })),
        );
        const keys = held
          .filter(each => each.environment === environment && each.service === service)
          .filter(each => naivelyAllowed({ roles: all, bindings }, holder.principal, 'read', each));
        if (keys.length > 0) {
          const map = Object.fromEntries(keys.map(({ key }) => [key, 'held']));
          expect([atAuthority!.body, atNode!.body]).toEqual([map, map]);
          expect(atAuthority!.headers.get('etag')).toBe(atNode!.headers.get('etag'));
        } else {
          // Nothing of what is there: either it is refused, or a part that is empty.
          for (const [at, { status, body }] of [
            ['authority', atAuthority!],
            [region, atNode!],
          ] as const) {
            expect(status === 403 || JSON.stringify(body) === '{}').toBe(true);
            if (status === 403) note(at, holder.principal.name);
          }
        }
        cells += 2;
      }
    }
    // The actions that have no endpoint of a key, asked of the model that the authority has.
    for (const action of ['read-secret', 'approve', 'flag', 'audit', 'admin', 'break-glass'] as const) {
      for (const place of held) {
        const { environment, service, key, type } = place;
        const body = { action, environment, service_name: service, config_key: key, config_type: type };
        const answer = await authority.request<{ allowed: boolean; why: string }>(
          'POST',
          '/api/v1/access/check',
          { body },
        );
        const expected = naivelyAllowed({ roles: all, bindings }, holder.principal, action, place);
        expect(answer.body, JSON.stringify({ body, holder })).toMatchObject({ allowed: expected });
        cells++;
        allowed += Number(expected);
      }
    }
  }
  console.log(`${cells} cells, ${allowed} of them allowed`);
  // Each denial is on record: who, where, how often; what, on what and why in each row.
  const total = [...denied.values()].reduce((sum, times) => sum + times, 0);
  const rows = await until(
    async () => {
      const found = await denialsOnRecord(admin);
      return timesOf(found) >= total ? found : undefined;
    },
    { what: 'all denials to be on record', timeoutMs: 30_000 },
  );
  const recorded = new Map<string, number>();
  for (const { region: where = 'authority', caller, action, resource, why, times } of rows) {
    expect([caller, action, resource, why].every(Boolean)).toBe(true);
    expect(action).not.toBe('(many)');
    const name = JSON.stringify([where, caller]);
    recorded.set(name, (recorded.get(name) ?? 0) + times);
  }
  expect(recorded).toEqual(denied);
  expect(cells).toBeGreaterThan(3_000);
  expect(allowed).toBeGreaterThan(0);
  expect(allowed).toBeLessThan(cells);
}, 300_000);
