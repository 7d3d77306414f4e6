/** What TLS a server speaks, and how it comes to renewed certificates: the same at everything that listens. */
import type { TlsOptions } from 'node:tls';
import { z } from 'zod';
import { type Certificates, watchCertificates } from './certificates.ts';
import type { Log } from './log.ts';

export const serverTlsVariables = {
  TLS_CERT_FILE: z
    .string()
    .optional()
    .describe(
      "PEM file of the server's certificate, and after it those between it and its root. Without it there is no TLS. Goes with TLS_KEY_FILE.",
    ),
  TLS_KEY_FILE: z.string().optional().describe('PEM file of its key, without a passphrase.'),
  TLS_CLIENT_CA_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file of the authorities whose client certificates are trusted. Without it clients are asked for none.',
    ),
  TLS_CLIENT_CERTIFICATES: z
    .enum(['optional', 'required'])
    .optional()
    .describe(
      'With `required`, who shows no trusted certificate gets no connection. Goes with TLS_CLIENT_CA_FILE; without it: optional.',
    ),
};

export interface ServerTlsConfig {
  readonly TLS_CERT_FILE?: string | undefined;
  readonly TLS_KEY_FILE?: string | undefined;
  readonly TLS_CLIENT_CA_FILE?: string | undefined;
  readonly TLS_CLIENT_CERTIFICATES?: 'optional' | 'required' | undefined;
}

export interface ServerTls {
  readonly certificates: Certificates;
  /** Whether clients are asked for certificates. */
  readonly asksClients: boolean;
  /** With the certificates as they are now. */
  options(): TlsOptions;
  /** Give the server each renewal. Connections that are open go on with what they began with. */
  renew(server: { setSecureContext(options: TlsOptions): void }): void;
  close(): void;
}

/**
 * @returns `undefined` where no certificate is configured
 * @throws Error that names the variable, or the file, which is wrong
 */
export function openServerTls(config: ServerTlsConfig, log: Log): ServerTls | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CLIENT_CA_FILE: caFile } = config;
  const { TLS_CLIENT_CERTIFICATES: clients } = config;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Error('TLS_CERT_FILE and TLS_KEY_FILE are needed together');
  if (caFile !== undefined && certFile === undefined)
    throw new Error('TLS_CLIENT_CA_FILE is of no use without TLS_CERT_FILE and TLS_KEY_FILE');
  if (clients !== undefined && caFile === undefined)
    throw new Error('TLS_CLIENT_CERTIFICATES is of no use without TLS_CLIENT_CA_FILE');
  if (certFile === undefined) return undefined;

  const certificates = watchCertificates({ certFile, keyFile, caFile }, log);
  const asksClients = caFile !== undefined;
  const options = (): TlsOptions => ({
    ...certificates.current,
    minVersion: 'TLSv1.2',
    ...(asksClients && { requestCert: true, rejectUnauthorized: clients === 'required' }),
  });
  return {
    certificates,
    asksClients,
    options,
    renew: server => {
      // On Bun only its TLS server has it.
      if (typeof server.setSecureContext !== 'function')
        throw new Error('TLS_CERT_FILE: on this runtime renewed certificates can not be served here');
      certificates.onChange(() => server.setSecureContext(options()));
    },
    close: certificates.close,
  };
}
