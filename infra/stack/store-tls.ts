/** How the stores of the stack are told to speak TLS alone, and to take nobody whose certificate is of another authority. */
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { CertificateFiles } from './certificates.ts';

/** For clients: what the files hold now. */
export const pemOf = ({ caFile, certFile, keyFile }: CertificateFiles) => ({
  ca: readFileSync(caFile, 'utf8'),
  cert: readFileSync(certFile, 'utf8'),
  key: readFileSync(keyFile, 'utf8'),
});

/** etcd reads its certificate anew at each connection; whom it trusts, when it starts. */
export const etcdTlsArgs = ({ caFile, certFile, keyFile }: CertificateFiles): string[] =>
  ['', 'peer-'].flatMap(of => [
    `--${of}cert-file=${certFile}`,
    `--${of}key-file=${keyFile}`,
    `--${of}trusted-ca-file=${caFile}`,
    `--${of}client-cert-auth`,
  ]);

/** Redis reads them when it starts. */
export const redisTlsArgs = ({ caFile, certFile, keyFile }: CertificateFiles, port: number): string[] => [
  ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'yes', '--tls-replication', 'yes'],
  ...['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile],
];

/** Who is let in as which user, by the common name of the certificate. Its own: to see whether it answers. */
const USERS = `trail /^authority(-[0-9]+)?$ quantivista
trail /^authority(-[0-9]+)?$ quantivista_authority
trail postgres quantivista
trail operator quantivista
`;
const FILES = { ca: 'ca.pem', cert: 'server.pem', key: 'server.key' } as const;

/**
 * Postgres reads them when it starts, or is told to reload: as a user of its own, who must own the key. Without TLS
 * nobody is let in.
 */
export function preparePostgresTls(
  tls: CertificateFiles,
  dataDir: string,
  user: { readonly uid: number; readonly gid: number } | undefined,
): void {
  copyFileSync(tls.caFile, join(dataDir, FILES.ca));
  copyFileSync(tls.certFile, join(dataDir, FILES.cert));
  copyFileSync(tls.keyFile, join(dataDir, FILES.key));
  writeFileSync(join(dataDir, 'pg_hba.conf'), 'hostssl all all all cert map=trail\n');
  writeFileSync(join(dataDir, 'pg_ident.conf'), USERS);
  for (const name of Object.values(FILES)) {
    chmodSync(join(dataDir, name), 0o600);
    if (user) chownSync(join(dataDir, name), user.uid, user.gid);
  }
}

export const postgresTlsArgs = (): string[] =>
  ['ssl=on', `ssl_ca_file=${FILES.ca}`, `ssl_cert_file=${FILES.cert}`, `ssl_key_file=${FILES.key}`].flatMap(
    setting => ['-c', setting],
  );

/** A connection that speaks TLS from its beginning. */
export const openTls = (port: number, host: string, tls: CertificateFiles): Socket =>
  connectTls({ port, host, ...pemOf(tls) });

/** Length, and the number that asks for TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** A connection that asks Postgres for TLS first. @throws Error where it has none */
export function openPostgresTls(port: number, host: string, tls: ConnectionOptions): Promise<Socket> {
  const socket = connect(port, host, () => socket.write(SSL_REQUEST));
  return new Promise((resolve, reject) => {
    socket.setTimeout(1_000, () => socket.destroy(new Error('Postgres does not answer')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Postgres has closed the connection')));
    socket.once('data', answer => {
      if (answer.toString('latin1') !== 'S') reject(new Error('Postgres does not speak TLS'));
      else resolve(connectTls({ socket, host, ...tls }));
    });
  });
}
