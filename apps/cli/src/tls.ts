/** Whom `qvc` trusts, and what it shows of itself, where servers are reached by https. */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher } from 'undici';
import { UsageError } from './fault.ts';

export interface TlsFiles {
  /** PEM of the authorities that servers may be signed by. @default those of Node */
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface Tls {
  /** For node:tls, PEM. */
  readonly options: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The same for undici. */
  readonly dispatcher: Dispatcher;
}

/**
 * `undefined` where no file is named. They are read once: a command is soon over.
 * @throws UsageError where a file can't be read, or a certificate comes without its key
 */
export function readTls({ caFile, certFile, keyFile }: TlsFiles): Tls | undefined {
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UsageError('--cert-file and --key-file are needed together');
  const options = {
    ...(caFile !== undefined && { ca: read(caFile) }),
    ...(certFile !== undefined && { cert: read(certFile) }),
    ...(keyFile !== undefined && { key: read(keyFile) }),
  };
  if (Object.keys(options).length === 0) return undefined;
  return { options, dispatcher: new Agent({ allowH2: false, connect: options }) };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
