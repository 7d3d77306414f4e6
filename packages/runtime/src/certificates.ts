/**
 * Certificates in files that others renew. They are compared by content again and again: Kubernetes swaps links, so
 * that nothing happens to the file that a watch would be on.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

const READ_EVERY_MS = 2_000;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const SOON_MS = 14 * 24 * 3_600_000;
/** Those that live for hours are renewed at two thirds of it: they are late at five sixths. */
const SOON_PART = 1 / 6;

export interface CertificateFiles {
  /** Who is trusted, one or more certificates. */
  readonly caFile?: string | undefined;
  /** Ours, and after it those between it and its root. */
  readonly certFile?: string | undefined;
  /** Of the first certificate; it may have no passphrase. */
  readonly keyFile?: string | undefined;
}

/** PEM texts; absent where there is no file. */
export interface CertificateTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Certificates {
  /** Another object after each renewal; what is in it fits together. */
  readonly current: CertificateTexts;
  /** Milliseconds since the epoch: when ours ends; without ours, when the last of the trusted does; 0 without any. */
  readonly expiresAtMs: number;
  /** Called after each renewal, for connections to come; those that are open go on. */
  onChange(listener: (current: CertificateTexts) => void): void;
  close(): void;
}

interface ReadSet {
  readonly texts: CertificateTexts;
  readonly expiresAtMs: number;
  readonly soonAtMs: number;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} can not be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function parse(file: string, text: string): X509Certificate[] {
  try {
    const found = (text.match(PEM) ?? []).map(each => new X509Certificate(each));
    if (found.length > 0) return found;
  } catch {}
  throw new Error(`${file} holds no certificate in PEM, or one that is broken`);
}

function fits(certificate: X509Certificate, key: string, keyFile: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new Error(`${keyFile} holds no private key in PEM, or one with a passphrase`);
  }
}

/** @throws Error that names the file which is missing or unfit, and nothing of what is in it */
function readCertificates({ caFile, certFile, keyFile }: CertificateFiles): ReadSet {
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Error(`${certFile ?? keyFile}: a certificate and its key are needed together`);
  const ca = caFile === undefined ? undefined : readText(caFile);
  const cert = certFile === undefined ? undefined : readText(certFile);
  const key = keyFile === undefined ? undefined : readText(keyFile);
  const trusted = ca === undefined ? [] : parse(caFile!, ca);
  const chain = cert === undefined ? [] : parse(certFile!, cert);
  if (key !== undefined && !fits(chain[0]!, key, keyFile!))
    throw new Error(`${certFile} and ${keyFile} do not fit each other`);
  const texts = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  try {
    createSecureContext(texts);
  } catch (error) {
    // What else TLS has against them: a key that is too short, say.
    const files = [caFile, certFile, keyFile].filter(Boolean).join(', ');
    throw new Error(`TLS takes no such certificates: ${files}: ${(error as Error).message}`);
  }
  const ends = (each: X509Certificate) => each.validToDate.getTime();
  const expiresAtMs = chain.length > 0 ? Math.min(...chain.map(ends)) : Math.max(...trusted.map(ends), 0);
  const [first] = chain.length > 0 ? chain : trusted;
  const livesMs = first ? ends(first) - first.validFromDate.getTime() : 0;
  return { texts, expiresAtMs, soonAtMs: expiresAtMs - Math.min(SOON_MS, livesMs * SOON_PART) };
}

const same = (one: CertificateTexts, other: CertificateTexts): boolean =>
  one.ca === other.ca && one.cert === other.cert && one.key === other.key;

/**
 * Read the files now and every `everyMs`. A new set is taken whole and only where it fits together; until then the
 * one from before is held.
 * @param everyMs @default 2000
 * @throws Error at the start where a file is missing or unfit; it names the file
 */
export function watchCertificates(
  files: CertificateFiles,
  log: Log,
  everyMs: number = READ_EVERY_MS,
): Certificates {
  const listeners: ((current: CertificateTexts) => void)[] = [];
  const names = { ...files };
  let held = readCertificates(files);
  let failures = 0;
  let warnedOf: ReadSet | undefined;

  const warnOfEnd = () => {
    if (warnedOf === held || Object.keys(held.texts).length === 0 || Date.now() < held.soonAtMs) return;
    warnedOf = held;
    const expires_at = new Date(held.expiresAtMs).toISOString();
    const isOver = Date.now() >= held.expiresAtMs;
    log.warn({ ...names, expires_at }, `a certificate ${isOver ? 'has expired' : 'expires soon'}`);
  };
  const tell = (listener: (current: CertificateTexts) => void) => {
    try {
      listener(held.texts);
    } catch (error) {
      log.error({ ...names, err: error }, 'renewed certificates could not be used');
    }
  };
  const look = () => {
    try {
      const read = readCertificates(files);
      failures = 0;
      if (!same(read.texts, held.texts)) {
        held = read;
        log.info({ ...names, expires_at: new Date(held.expiresAtMs).toISOString() }, 'certificates renewed');
        for (const listener of listeners) tell(listener);
      }
    } catch (error) {
      // Once may be between the writing of one file and the next; after that nobody comes to finish it.
      if (++failures === 2) log.warn({ ...names, err: error }, 'new certificates are not taken');
    }
    warnOfEnd();
  };

  warnOfEnd();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    get current() {
      return held.texts;
    },
    get expiresAtMs() {
      return held.expiresAtMs;
    },
    onChange: listener => void listeners.push(listener),
    close: () => clearInterval(timer),
  };
}

/** @param held by what each is for, as the label `certificate` names it: `server`, `link` … */
export function registerCertificateMetrics(
  metrics: Metrics,
  held: Readonly<Record<string, Certificates | undefined>>,
): void {
  metrics.observedBy(
    'qv_certificate_expiration_timestamp_seconds',
    'when a certificate that is in use ends, in seconds since the epoch',
    'certificate',
    () =>
      Object.entries(held).flatMap(([name, each]) =>
        each?.expiresAtMs ? [[name, each.expiresAtMs / 1_000]] : [],
      ),
  );
}
