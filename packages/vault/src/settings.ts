/** Which store of secrets a process uses, by its environment: Vault, a keyring in a file, or none. */
import { type Log, linkVariables, watchLinkCertificates, wholeNumber } from '@quantivista/runtime';
import { z } from 'zod';
import { createKeyring } from './keyring.ts';
import type { Login } from './login.ts';
import type { SecretStore } from './secret-store.ts';

const mount = z.string().regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'must be the path of a mount');

/** To be spread into the schema of an app's environment. */
export const secretStoreVariables = {
  VAULT_ADDR: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'URL of Vault, which needs one way to log in. Without it and KEYRING_FILE there are no secrets.',
    ),
  VAULT_NAMESPACE: z.string().optional().describe('Namespace of Vault.'),
  VAULT_CACERT: z
    .string()
    .optional()
    .describe(
      "PEM file of the authorities that Vault's certificate may be signed by. Without it: LINK_CA_FILE.",
    ),
  VAULT_ROLE_ID_FILE: z
    .string()
    .optional()
    .describe('To log in by AppRole: file of the role id. Goes with VAULT_SECRET_ID_FILE.'),
  VAULT_SECRET_ID_FILE: z.string().optional().describe('File of the secret id.'),
  VAULT_KUBERNETES_ROLE: z
    .string()
    .optional()
    .describe('To log in as a Kubernetes service account: the role at Vault.'),
  VAULT_KUBERNETES_TOKEN_FILE: z
    .string()
    .default('/var/run/secrets/kubernetes.io/serviceaccount/token')
    .describe("File of the service account's token."),
  VAULT_TOKEN_FILE: z
    .string()
    .optional()
    .describe('To log in with a token that somebody else keeps fresh: its file.'),
  VAULT_AUTH_MOUNT: mount
    .optional()
    .describe('Where the method of login is mounted. Without it: approle or kubernetes.'),
  VAULT_KV_MOUNT: mount
    .default('quantivista-secrets')
    .describe('Mount of the KV v2 engine, for values of type SECRET.'),
  VAULT_TRANSIT_MOUNT: mount
    .default('quantivista-transit')
    .describe('Mount of the transit engine, for encrypted values of other types.'),
  VAULT_TIMEOUT_MS: wholeNumber(50)
    .max(60_000)
    .default(2_000)
    .describe('Milliseconds for one call of Vault.'),
  KEYRING_FILE: z
    .string()
    .optional()
    .describe(
      'File of keys instead of Vault, for development: made where it is missing (0600), and shared by all who share etcd.',
    ),
};
export const SecretStoreVariables = z.object({ ...secretStoreVariables, ...linkVariables });
export type SecretStoreVariables = z.output<typeof SecretStoreVariables>;

/**
 * The store that the variables name; `undefined` where they name none.
 * @throws Error where they contradict each other, or a file can't be used
 */
export async function openSecretStore(
  variables: SecretStoreVariables,
  log: Log,
): Promise<SecretStore | undefined> {
  const { VAULT_ADDR: address, KEYRING_FILE: file } = variables;
  const caFile = variables.VAULT_CACERT ?? variables.LINK_CA_FILE;
  if (address !== undefined && file !== undefined)
    throw new Error('VAULT_ADDR and KEYRING_FILE: secrets are kept in one of them');
  if (file !== undefined) return createKeyring({ file, log });
  if (address === undefined) return undefined;
  // Only where there is a Vault: loading its client is a good part of the time in which a process starts.
  const { createVault } = await import('./vault.ts');
  return createVault({
    address,
    namespace: variables.VAULT_NAMESPACE,
    certificates: watchLinkCertificates({ ...variables, LINK_CA_FILE: caFile }, log),
    login: loginOf(variables),
    kvMount: variables.VAULT_KV_MOUNT,
    transitMount: variables.VAULT_TRANSIT_MOUNT,
    timeoutMs: variables.VAULT_TIMEOUT_MS,
    log,
  });
}

function loginOf(variables: SecretStoreVariables): Login {
  const { VAULT_ROLE_ID_FILE: roleIdFile, VAULT_SECRET_ID_FILE: secretIdFile } = variables;
  const { VAULT_KUBERNETES_ROLE: role, VAULT_TOKEN_FILE: tokenFile, VAULT_AUTH_MOUNT: at } = variables;
  const ways: Login[] = [];
  if (roleIdFile !== undefined && secretIdFile !== undefined)
    ways.push({ by: 'approle', mount: at ?? 'approle', roleIdFile, secretIdFile });
  if (role !== undefined) {
    const tokenFile = variables.VAULT_KUBERNETES_TOKEN_FILE;
    ways.push({ by: 'kubernetes', mount: at ?? 'kubernetes', role, tokenFile });
  }
  if (tokenFile !== undefined) ways.push({ by: 'token', tokenFile });
  if (ways.length === 1) return ways[0]!;
  throw new Error(
    'VAULT_ADDR needs one way to log in: VAULT_ROLE_ID_FILE and VAULT_SECRET_ID_FILE, VAULT_KUBERNETES_ROLE, or VAULT_TOKEN_FILE',
  );
}
