/** A small certificate authority for the stack, made anew for each network: what it signs is good for a week. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { requireProgram } from './programs.ts';

/** PEM files of a certificate: who signed it, itself, and its key (0600). */
export interface CertificateFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateRequest {
  /** Its common name, and the name of its files. */
  readonly name: string;
  /** Names and addresses that a server is reached by. @default localhost and 127.0.0.1 */
  readonly hosts?: readonly string[];
  /** A URI beside them, as SPIFFE has it: `spiffe://example.org/authority`. */
  readonly uri?: string;
  /** Whether it is good for clients besides. @default true */
  readonly client?: boolean;
}

export interface CertificateAuthority {
  /** PEM of all whose certificates are to be trusted: this one, and those that it has replaced. */
  readonly caFile: string;
  /** Issue a certificate, in place of one that the name may have had. */
  issue(request: CertificateRequest): CertificateFiles;
  /**
   * Go on with a new key: what is issued from now on is signed by it, what was signed before stays trusted. Whoever
   * trusts {@link caFile} must have read it again before a certificate is issued anew.
   */
  replaceKey(): void;
  /** Issue again, with new keys, all that was issued. */
  renew(): void;
  /** Trust the newest key alone. */
  retireKeys(): void;
}

const DAYS = '7';
const LOOPBACK = ['localhost', '127.0.0.1'];
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const CA_EXTENSIONS = `[req]
distinguished_name = none
x509_extensions = ca
[none]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`;

/** A new one, with a key of its own, whose files stand in `dir`. @throws Error where openssl is missing or refuses */
export function createCa(dir: string): CertificateAuthority {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(dir, name);
  const openssl = requireProgram('openssl');
  const run = (args: readonly string[]) => execFileSync(openssl, args, { stdio: 'pipe' });
  const [caFile, signedBy, caKey] = [file('ca.pem'), file('ca-newest.pem'), file('ca.key')];
  let keys = 0;
  const issued = new Map<string, CertificateRequest>();

  function replaceKey(): void {
    writeFileSync(file('ca.cnf'), CA_EXTENSIONS);
    // Another name each time: two certificates of one name and different keys confuse whoever looks for the signer.
    const subject = `/CN=QuantiVista local CA ${++keys}`;
    const args = ['req', '-x509', ...KEY, '-config', file('ca.cnf'), '-days', DAYS, '-subj', subject];
    run([...args, '-keyout', caKey, '-out', signedBy]);
    chmodSync(caKey, 0o600);
    const before = existsSync(caFile) ? readFileSync(caFile, 'utf8') : '';
    writeWhole(caFile, readFileSync(signedBy, 'utf8') + before);
  }

  function issue(request: CertificateRequest): CertificateFiles {
    const { name, hosts = LOOPBACK, uri, client = true } = request;
    issued.set(name, request);
    const files = { caFile, certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) };
    const names = hosts.map(host => `${isIP(host) ? 'IP' : 'DNS'}:${host}`);
    if (uri !== undefined) names.push(`URI:${uri}`);
    const extensions = [
      'basicConstraints = critical, CA:FALSE',
      'keyUsage = critical, digitalSignature',
      `extendedKeyUsage = serverAuth${client ? ', clientAuth' : ''}`,
      'subjectKeyIdentifier = hash',
      'authorityKeyIdentifier = keyid',
      `subjectAltName = ${names.join(', ')}`,
    ];
    const draft = (ending: string) => file(`${name}.draft.${ending}`);
    writeFileSync(draft('cnf'), '[req]\ndistinguished_name = none\n[none]\n');
    writeFileSync(draft('ext'), `${extensions.join('\n')}\n`);
    const asked = ['req', '-new', ...KEY, '-config', draft('cnf'), '-subj', `/CN=${name}`];
    run([...asked, '-keyout', draft('key'), '-out', draft('csr')]);
    const signed = ['x509', '-req', '-in', draft('csr'), '-CA', signedBy, '-CAkey', caKey, '-CAcreateserial'];
    run([...signed, '-days', DAYS, '-extfile', draft('ext'), '-out', draft('pem')]);
    chmodSync(draft('key'), 0o600);
    renameSync(draft('key'), files.keyFile);
    renameSync(draft('pem'), files.certFile);
    for (const ending of ['cnf', 'ext', 'csr']) rmSync(draft(ending));
    return files;
  }

  replaceKey();
  const renew = () => {
    for (const request of issued.values()) issue(request);
  };
  const retireKeys = () => writeWhole(caFile, readFileSync(signedBy, 'utf8'));
  return { caFile, issue, replaceKey, renew, retireKeys };
}

/** Renamed into place: nobody reads half of it. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.draft`, text);
  renameSync(`${path}.draft`, path);
}

/** Have this whole process trust the authorities of a file, whatever client it uses, besides those it trusts already. */
export const trust = (caFile: string): void =>
  setDefaultCACertificates([...getCACertificates(), readFileSync(caFile, 'utf8')]);
