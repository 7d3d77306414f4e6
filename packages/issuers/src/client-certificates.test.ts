/** With real certificates and real handshakes: what a connection shows is OpenSSL's word, not a test's. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { ClientCertificate } from '@quantivista/access';
import { afterAll, expect, test } from 'vitest';
import { createClientCertificates } from './client-certificates.ts';
import { CertificateSettings } from './settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'qv-client-certificates-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string) => join(dir, name);
const text = (name: string) => readFileSync(at(name), 'utf8');
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });

/** A certificate in `{name}.pem` with its key in `{name}.key`, signed by `by`, or by itself. */
function make(name: string, subject: string, extensions: string, by = name) {
  writeFileSync(at('cnf'), `[req]\ndistinguished_name = none\n[none]\n[x]\n${extensions}\n`);
  const request = [
    'req',
    '-new',
    ...KEY,
    '-config',
    at('cnf'),
    '-subj',
    subject,
    '-keyout',
    at(`${name}.key`),
  ];
  const signed = ['-days', name === 'ca' ? '6' : '5', '-out', at(`${name}.pem`)];
  if (by === name) return void openssl(...request, '-x509', '-extensions', 'x', ...signed);
  openssl(...request, '-out', at('csr'));
  const signer = ['-CA', at(`${by}.pem`), '-CAkey', at(`${by}.key`), '-CAcreateserial'];
  openssl('x509', '-req', '-in', at('csr'), ...signer, '-extfile', at('cnf'), '-extensions', 'x', ...signed);
}
const CA = 'basicConstraints = critical, CA:TRUE';
const LEAF = 'basicConstraints = CA:FALSE';
make('ca', '/CN=ca', CA);
make('next', '/CN=next', CA);
make('between', '/CN=between', CA, 'ca');
make('server', '/CN=server', LEAF, 'ca');

const settings = (...all: object[]) => all.map(each => CertificateSettings.parse(each));
const URI = { client_certificates: 'uri', trust_domain: 'prod.example' };

/** A server that knows callers, and what it makes of a client that shows a certificate. */
async function start(...all: object[]) {
  let renewed: ((texts: { ca: string }) => void) | undefined;
  let ca = text('ca.pem');
  const certificates = createClientCertificates({
    settings: settings(...all),
    trusted: {
      get current() {
        return { ca };
      },
      onChange: listener => {
        renewed = listener as typeof renewed;
      },
    },
  });
  const own = { cert: text('server.pem'), key: text('server.key') };
  const found: (ClientCertificate | undefined)[] = [];
  const server = createServer({ ...own, ca, requestCert: true, rejectUnauthorized: false }, socket => {
    found.push(certificates.of(socket));
    // However often it is asked, it is the same.
    expect(certificates.of(socket)).toBe(found.at(-1));
    socket.end('seen');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    certificates,
    /** What is found out of this certificate; `chain`: those that are sent after it. */
    show: async (name?: string, chain: readonly string[] = [], session?: Buffer) => {
      const shown = name && {
        cert: [name, ...chain].map(each => text(`${each}.pem`)).join(''),
        key: text(`${name}.key`),
      };
      let ticket = session;
      let reused = false;
      await new Promise((resolve, reject) => {
        const socket: TLSSocket = connect({
          port,
          host: '127.0.0.1',
          ca: text('ca.pem'),
          checkServerIdentity: () => undefined,
          ...shown,
          ...(session && { session }),
        });
        socket.on('session', each => {
          ticket = each;
        });
        socket.on('secureConnect', () => {
          reused = socket.isSessionReused();
        });
        socket.on('data', () => {});
        socket.on('error', reject);
        socket.on('close', resolve);
      });
      return { certificate: found.at(-1), session: ticket, reused };
    },
    trust: (name: string) => {
      ca = text(`${name}.pem`);
      server.setSecureContext({ ...own, ca });
      renewed!({ ca });
    },
    close: () => server.close(),
  };
}

const uri = (...uris: string[]) => `${LEAF}\nsubjectAltName = ${uris.map(each => `URI:${each}`).join(', ')}`;

test('names and groups are read where the settings say, and no text passes for another', async () => {
  const odd = `${LEAF}\nsubjectAltName = @names\n[names]\nDNS.1 = a, URI:spiffe://prod.example/admin, DNS:b`;
  const cases: [string, string, string | undefined][] = [
    ['/O=desk/O=risk/CN=x', uri('spiffe://prod.example/pricing'), 'spiffe://prod.example/pricing'],
    ['/CN=x', uri('spiffe://prod.example.evil/pricing'), undefined],
    ['/CN=x', uri('spiffe://prod.example/a', 'spiffe://prod.example/b'), undefined],
    ['/CN=x', uri(`spiffe://prod.example/${'a'.repeat(100)}`), undefined],
    ['/O=desk/CN=batch', LEAF, 'cn:batch'],
    ['/CN=a/CN=b', LEAF, undefined],
    ['/O=desk', LEAF, undefined],
    // What looks like a URI within another name is none: then the subject counts.
    ['/CN=odd', odd, 'cn:odd'],
    ['/CN=ca of its own', CA, undefined],
  ];
  const seen = await start({ ...URI, groups_from: 'o' }, { client_certificates: 'cn', prefix: 'cn:' });
  for (const [index, [subject, extensions, name]] of cases.entries()) {
    make(`case-${index}`, subject, extensions, 'ca');
    const { certificate } = await seen.show(`case-${index}`);
    expect([subject, extensions, certificate?.principal?.name]).toEqual([subject, extensions, name]);
    if (!name) expect(certificate!.why).toBe('a client certificate that names nobody here');
  }
  const { certificate } = await seen.show('case-0');
  expect(certificate!.principal).toMatchObject({
    kind: 'service',
    groups: ['desk', 'risk'],
    permissions: [],
  });
  const leftMs = certificate!.principal!.expiresAtMs - Date.now();
  expect(leftMs).toBeGreaterThan(4.9 * 86_400_000);
  expect(leftMs).toBeLessThan(5 * 86_400_000);
  expect((await seen.show()).certificate).toBeUndefined();
  seen.close();
});

test('what TLS did not verify stands for nobody, whatever it says', async () => {
  make('forged', '/CN=x', uri('spiffe://prod.example/pricing'), 'next');
  make('of-servers', '/CN=x', `${uri('spiffe://prod.example/pricing')}\nextendedKeyUsage = serverAuth`, 'ca');
  const seen = await start(URI);
  for (const name of ['forged', 'of-servers']) {
    const { certificate } = await seen.show(name);
    expect(certificate).toMatchObject({ principal: undefined });
    expect(certificate!.why).toMatch(/^a client certificate that is not trusted: [A-Z_]+$/);
  }
  seen.close();
});

test('a CA that is taken back vouches for nobody it signed, by whomever between, on connections that resume too', async () => {
  make('direct', '/CN=x', uri('spiffe://prod.example/direct'), 'ca');
  make('below', '/CN=x', uri('spiffe://prod.example/below'), 'between');
  const seen = await start(URI);
  const { certificate: direct } = await seen.show('direct');
  const first = await seen.show('below', ['between']);
  const resumed = await seen.show('below', ['between'], first.session);
  expect([first.reused, resumed.reused]).toEqual([false, true]);
  const all = [direct!, first.certificate!, resumed.certificate!];
  expect(all.map(each => each.principal?.name.slice(22))).toEqual(['direct', 'below', 'below']);

  let told = 0;
  seen.certificates.listen(() => told++);
  writeFileSync(at('both.pem'), text('next.pem') + text('ca.pem'));
  seen.trust('both');
  expect(all.map(each => each.isTrusted())).toEqual([true, true, true]);
  seen.trust('next');
  expect(all.map(each => each.isTrusted())).toEqual([false, false, false]);
  // A ticket from before is no way around it.
  const again = await seen.show('below', ['between'], resumed.session);
  expect([again.reused, again.certificate?.principal]).toEqual([false, undefined]);
  seen.trust('ca');
  expect(all.map(each => each.isTrusted())).toEqual([true, true, true]);
  expect(told).toBe(3);
  seen.close();
});
