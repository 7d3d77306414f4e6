/** What a process shows to the servers that it calls, and whom it trusts to be one: the same for every link. */
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { type Certificates, watchCertificates } from './certificates.ts';
import type { Log } from './log.ts';

/** To be spread into the schema of an app's environment. */
export const linkVariables = {
  LINK_CA_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file of the authorities that servers may be signed by. Without it: those that the runtime trusts.',
    ),
  LINK_CERT_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file of the certificate shown to servers that ask who calls: etcd, Redis, Postgres, Vault, parents. Goes with LINK_KEY_FILE.',
    ),
  LINK_KEY_FILE: z.string().optional().describe('PEM file of its key, without a passphrase.'),
};
export type LinkVariables = z.output<z.ZodObject<typeof linkVariables>>;

/** @throws Error that names the file which is missing or unfit */
export const watchLinkCertificates = (variables: LinkVariables, log: Log): Certificates =>
  watchCertificates(
    {
      caFile: variables.LINK_CA_FILE,
      certFile: variables.LINK_CERT_FILE,
      keyFile: variables.LINK_KEY_FILE,
    },
    log,
  );

/**
 * For `tls.connect`, and for clients that hand their options to it: certificates are read from it at each
 * connection, so that those which are renewed are used without a restart. To be handed on as it is, since a copy holds
 * what was current when it was made. The server's name is always verified, whatever the environment says
 * (NODE_TLS_REJECT_UNAUTHORIZED).
 */
export const linkTls = (certificates: Certificates | undefined) =>
  ({
    get ca() {
      return certificates?.current.ca;
    },
    get cert() {
      return certificates?.current.cert;
    },
    get key() {
      return certificates?.current.key;
    },
    rejectUnauthorized: true,
  }) satisfies ConnectionOptions;
