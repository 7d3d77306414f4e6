import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { type CertificateFiles, registerCertificateMetrics, watchCertificates } from './certificates.ts';
import { createMetrics } from './metrics.ts';

const dir = mkdtempSync(join(tmpdir(), 'qv-certificates-'));
const ended: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const end of ended.splice(0)) end();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string) => join(dir, name);
const DAY_MS = 86_400_000;

function make(
  name: string,
  days: number,
  key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
) {
  const args = ['req', '-x509', ...key, '-nodes', '-days', `${days}`, '-subj', `/CN=${name}`];
  execFileSync('openssl', [...args, '-out', at(`${name}.crt`), '-keyout', at(`${name}.key`)], {
    stdio: 'pipe',
  });
}
make('old', 60);
make('new', 90);
make('weak', 60, ['-newkey', 'rsa:512']);

let warned: string[] = [];
const log = {
  debug() {},
  info() {},
  warn: (_: object, message: string) => void warned.push(message),
  error() {},
};
function watch(files: CertificateFiles) {
  warned = [];
  const certificates = watchCertificates(files, log, 10);
  ended.push(certificates.close);
  return certificates;
}
let files = 0;
function copied(name: string) {
  const certFile = at(`${++files}.crt`);
  const keyFile = at(`${files}.key`);
  copyFileSync(at(`${name}.crt`), certFile);
  copyFileSync(at(`${name}.key`), keyFile);
  return { certFile, keyFile };
}
const awaited = (condition: () => boolean) =>
  expect.poll(condition, { timeout: 10_000, interval: 5 }).toBe(true);

test('a renewed pair is taken whole, when both are there, and told of once', async () => {
  const pair = copied('old');
  const certificates = watch(pair);
  const before = certificates.current;
  const told: unknown[] = [];
  certificates.onChange(current => told.push(current));
  copyFileSync(at('new.crt'), pair.certFile);
  await awaited(() => warned.length > 0);
  expect(certificates.current).toBe(before);
  expect(warned).toEqual(['new certificates are not taken']);
  copyFileSync(at('new.key'), pair.keyFile);
  await awaited(() => told.length > 0);
  expect(told).toEqual([certificates.current]);
  expect(certificates.current).not.toEqual(before);
  // What is taken is what TLS takes.
  const server = createServer(certificates.current, socket => socket.end()).listen(0, '127.0.0.1');
  ended.push(() => server.close());
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const subject = await new Promise(resolve => {
    const socket = connect(
      { port, host: '127.0.0.1', ca: certificates.current.cert!, checkServerIdentity: () => undefined },
      () => resolve(socket.getPeerCertificate().subject.CN),
    );
  });
  expect(subject).toBe('new');
});

test('links that are swapped, as Kubernetes does it, are a renewal', async () => {
  symlinkSync(at('old.crt'), at('link.crt'));
  symlinkSync(at('old.key'), at('link.key'));
  const certificates = watch({ certFile: at('link.crt'), keyFile: at('link.key') });
  const { current } = certificates;
  for (const end of ['crt', 'key']) {
    symlinkSync(at(`new.${end}`), at(`swap.${end}`));
    renameSync(at(`swap.${end}`), at(`link.${end}`));
  }
  await awaited(() => certificates.current !== current);
});

test('those who are trusted are renewed too, several in one file', async () => {
  const caFile = at('ca.pem');
  copyFileSync(at('old.crt'), caFile);
  const certificates = watch({ caFile });
  expect(Object.keys(certificates.current)).toEqual(['ca']);
  const first = certificates.expiresAtMs;
  execFileSync('sh', ['-c', 'cat "$1" "$2" > "$3"', 'sh', at('old.crt'), at('new.crt'), caFile]);
  await awaited(() => certificates.expiresAtMs - first > 29 * DAY_MS);
});

test.each<[string, () => CertificateFiles, RegExp]>([
  ['a file is missing', () => ({ caFile: at('none.pem') }), /none\.pem can not be read: ENOENT/],
  ['there is no certificate in it', () => ({ caFile: at('old.key') }), /old\.key holds no certificate/],
  [
    'a certificate is broken',
    () => {
      writeFileSync(at('cut.crt'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
      return { caFile: at('cut.crt') };
    },
    /cut\.crt holds no certificate in PEM, or one that is broken/,
  ],
  [
    'the key is no key',
    () => ({ certFile: at('old.crt'), keyFile: at('old.crt') }),
    /old\.crt holds no private key/,
  ],
  ['they do not fit', () => ({ certFile: at('old.crt'), keyFile: at('new.key') }), /do not fit each other/],
  ['one of two is given', () => ({ certFile: at('old.crt') }), /needed together/],
  [
    'TLS takes no such key',
    () => ({ certFile: at('weak.crt'), keyFile: at('weak.key') }),
    /weak\.crt.*too small/,
  ],
])('refused at the start: %s', (_, given, named) => {
  expect(() => watch(given())).toThrow(named);
});

test('it is warned of once before it ends, and the metric says when', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const pair = copied('old');
  const certificates = watch(pair);
  const metrics = createMetrics({ process: false });
  registerCertificateMetrics(metrics, { server: certificates, etcd: undefined });
  expect(await metrics.render()).toContain(
    `qv_certificate_expiration_timestamp_seconds{certificate="server"} ${certificates.expiresAtMs / 1_000}\n`,
  );
  expect(warned).toEqual([]);
  vi.setSystemTime(certificates.expiresAtMs - 9 * DAY_MS);
  await awaited(() => warned.length > 0);
  const { current } = certificates;
  copyFileSync(at('new.crt'), pair.certFile);
  copyFileSync(at('new.key'), pair.keyFile);
  await awaited(() => certificates.current !== current);
  expect(warned.filter(message => message.includes('expires'))).toEqual(['a certificate expires soon']);
});
