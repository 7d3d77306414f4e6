import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createIssuers } from './issuers.ts';
import { IssuerSettings, readIssuers } from './settings.ts';

let warned = 0;
const log = { debug() {}, info() {}, warn: () => void warned++, error() {} };
const ISSUER = 'https://issuer.test';
const dir = mkdtempSync(join(tmpdir(), 'qv-issuers-'));
const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const pair = await generateKeyPair('ES256', { extractable: true });
const jwk: JWK = { ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' };
const sign = (claims: object = {}, kid = 'k') =>
  new SignJWT({ iss: ISSUER, aud: 'qv', sub: 'ann', exp: Date.now() / 1_000 + 600, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid })
    .sign(pair.privateKey);

let files = 0;
function start(keys: unknown = { keys: [jwk] }, more: object = {}, capacity?: number) {
  const file = join(dir, `jwks-${files++}.json`);
  writeFileSync(file, typeof keys === 'string' ? keys : JSON.stringify(keys));
  const settings = [IssuerSettings.parse({ issuer: ISSUER, audience: 'qv', jwks_file: file, ...more })];
  const issuers = createIssuers({ settings, log, ...(capacity !== undefined && { capacity }) });
  ended.push(issuers.close);
  return { issuers, file };
}
const tick = (condition: () => boolean) =>
  expect.poll(condition, { timeout: 10_000, interval: 10 }).toBe(true);

test('who is vouched for is remembered, with its groups and kind', async () => {
  const { issuers } = start({ keys: [jwk] }, { prefix: 'corp:', groups_claim: 'roles', kind: 'service' });
  const token = await sign({ roles: ['desk', 7, ''] });
  expect(issuers.known(token)).toBeUndefined();
  const principal = await issuers.check(token);
  expect(principal).toMatchObject({
    name: 'corp:ann',
    kind: 'service',
    groups: ['corp:desk', 'corp:'],
    permissions: [],
  });
  expect(issuers.known(token)).toBe(principal);
  expect(await issuers.check(token)).toBe(principal);
});

test('a key that is gone vouches for nobody any more; one that stays goes on', async () => {
  const other = { ...jwk, kid: 'other' };
  const { issuers, file } = start({ keys: [jwk, other] });
  const [leaving, staying] = await Promise.all([sign(), sign({}, 'other')]);
  const principal = (await issuers.check(staying))!;
  expect(await issuers.check(leaving)).toBeDefined();
  let told = 0;
  issuers.listen(() => told++);
  writeFileSync(file, JSON.stringify({ keys: [other] }));
  await tick(() => told === 1);
  expect(issuers.known(leaving)).toBeUndefined();
  expect(await issuers.check(leaving)).toBeUndefined();
  expect(issuers.known(staying)).toBe(principal);
  // A file that is broken off in the middle changes nothing.
  const before = warned;
  writeFileSync(file, '{"keys":[');
  await tick(() => warned > before);
  expect(issuers.known(staying)).toBe(principal);
});

test('without keys nobody is refused: it can not be known', async () => {
  const { issuers } = start('nothing');
  await expect(issuers.check(await sign())).rejects.toMatchObject({ code: 'not_ready' });
});

test('a set of one key needs no names, a set of two does; keys that are no public signing keys are left out', async () => {
  const { kid: _, ...nameless } = jwk;
  const { issuers } = start({ keys: [nameless, { kty: 'oct', k: 'c2VjcmV0' }, { ...jwk, use: 'enc' }] });
  const bare = await new SignJWT({ iss: ISSUER, aud: 'qv', sub: 'ann', exp: Date.now() / 1_000 + 600 })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(pair.privateKey);
  expect(await issuers.check(bare)).toBeDefined();
  const two = start({ keys: [nameless, { ...jwk, kid: 'b' }] });
  expect(await two.issuers.check(bare)).toBeUndefined();
});

test('what is remembered is bounded', async () => {
  const { issuers } = start({ keys: [jwk] }, {}, 3);
  const tokens = await Promise.all([1, 2, 3, 4].map(jti => sign({ jti: String(jti) })));
  for (const token of tokens) expect(await issuers.check(token)).toBeDefined();
  expect(tokens.filter(token => issuers.known(token)).length).toBe(3);
});

describe('the settings', () => {
  const read = (content: unknown) => {
    const file = join(dir, `issuers-${files++}.json`);
    writeFileSync(file, JSON.stringify(content));
    return readIssuers(file);
  };
  const one = { issuer: ISSUER, audience: 'qv', jwks_file: 'x' };

  test('may be none', () => expect(readIssuers(undefined)).toEqual({ issuers: [], certificates: [] }));
  test('may be of both kinds', () =>
    expect(read([one, { client_certificates: 'cn', prefix: 'mesh:' }])).toMatchObject({
      issuers: [{ issuer: ISSUER }],
      certificates: [{ client_certificates: 'cn', prefix: 'mesh:' }],
    }));
  test.each([
    ['symmetric algorithms', [{ ...one, algorithms: ['HS256'] }], '0.algorithms.0'],
    ['none', [{ ...one, algorithms: ['none'] }], '0.algorithms.0'],
    ['no audience', [{ ...one, audience: [] }], '0.audience'],
    ['no keys', [{ ...one, jwks_file: undefined }], 'jwks_url'],
    ['an issuer twice', [one, one], 'twice'],
    ['a place of names twice', [{ client_certificates: 'cn' }, { client_certificates: 'cn' }], 'twice'],
    ['another place of names', [{ client_certificates: 'dns' }], '0.client_certificates'],
    ['a trust domain of common names', [{ client_certificates: 'cn', trust_domain: 'x' }], '0.trust_domain'],
    ['what is not known', [{ ...one, extra: 1 }], 'extra'],
  ])('are refused with %s', (_, content, named) => {
    expect(() => read(content)).toThrow(named);
  });
});
