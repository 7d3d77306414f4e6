/** An issuer of JWTs as tests need one: with keys that come and go, in a file or at a server, honest or forging. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** Of the public key, as it stands in a key set. */
  readonly jwk: Record<string, unknown>;
  /** PEM. */
  readonly publicPem: string;
}

export function createSigningKey(id: string = randomUUID(), alg: 'ES256' | 'RS256' = 'ES256'): SigningKey {
  const { privateKey } =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const publicKey = createPublicKey(privateKey);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: id, alg, use: 'sig' };
  return { id, privateKey, jwk, publicPem: publicKey.export({ format: 'pem', type: 'spki' }) as string };
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Header and claims in any form, signed by whatever signs. */
export function assembleJwt(header: object, claims: object, signature: (signed: string) => Buffer): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${signature(signed).toString('base64url')}`;
}

export const signWith =
  ({ privateKey }: SigningKey) =>
  (signed: string): Buffer =>
    sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'quantivista';

export interface TestIssuer {
  /** For ISSUERS_FILE. */
  readonly file: string;
  readonly keys: readonly SigningKey[];
  /** Publish these keys, and no others. */
  publish(...keys: SigningKey[]): void;
  /** An honest token of the first key; claims and header may be given otherwise. */
  token(name: string, claims?: object, header?: object): string;
  remove(): void;
}

const inS = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

/** With a key set in a file, and two keys. `more`: of its settings. */
export function createTestIssuer(more: object = {}, others: readonly object[] = []): TestIssuer {
  const dir = mkdtempSync(join(tmpdir(), 'qv-issuer-'));
  const keys = [createSigningKey('first'), createSigningKey('second')];
  const jwks = join(dir, 'jwks.json');
  const file = join(dir, 'issuers.json');
  const publish = (...published: SigningKey[]) => {
    // Renamed into place: nobody reads a half of it.
    writeFileSync(`${jwks}.new`, JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
    renameSync(`${jwks}.new`, jwks);
  };
  publish(...keys);
  const own = { issuer: ISSUER, audience: AUDIENCE, jwks_file: jwks, ...more };
  writeFileSync(file, JSON.stringify([own, ...others]));
  return {
    file,
    keys,
    publish,
    token: (name, claims = {}, header = {}) =>
      assembleJwt(
        { alg: 'ES256', kid: keys[0]!.id, ...header },
        { iss: ISSUER, aud: AUDIENCE, sub: name, iat: inS(0), exp: inS(3_600), ...claims },
        signWith(keys[0]!),
      ),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export interface KeyServer {
  readonly url: string;
  /** Requests that came. */
  readonly asked: number;
  keys: readonly SigningKey[];
  /** Before it answers. */
  delayMs: number;
  /** @default 200 */
  status: number;
  close(): Promise<void>;
}

export async function startKeyServer(keys: readonly SigningKey[]): Promise<KeyServer> {
  let asked = 0;
  const state = { keys, delayMs: 0, status: 200 };
  const server = createServer((_, response) => {
    asked++;
    setTimeout(() => {
      response.writeHead(state.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) }));
    }, state.delayMs);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  return Object.defineProperties(state, {
    url: { value: url },
    asked: { get: () => asked },
    close: {
      value: () =>
        new Promise<void>(resolve => {
          server.closeAllConnections();
          server.close(() => resolve());
        }),
    },
  }) as unknown as KeyServer;
}
