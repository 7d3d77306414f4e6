/** What a Vault needs for this project: its engines, a key an environment, policies, and who may log in. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENTS } from '@quantivista/contracts';
import { ROOT } from './programs.ts';
import { until } from './until.ts';
import type { VaultCall, VaultServer } from './vault-server.ts';

const ROLES = ['authority', 'node'] as const;
export type VaultRole = (typeof ROLES)[number];

/** How a process logs in as one of the roles: its ids stand in files below `dir`, once it is set up. */
export const vaultSettings = (
  { url, caFile }: Pick<VaultServer, 'url' | 'caFile'>,
  dir: string,
  role: VaultRole,
) => ({
  VAULT_ADDR: url,
  VAULT_CACERT: caFile,
  VAULT_ROLE_ID_FILE: join(dir, `${role}-role-id`),
  VAULT_SECRET_ID_FILE: join(dir, `${role}-secret-id`),
});

/** Once, of a new Vault that is unsealed. The ids of the roles are written below `dir`, for their owner alone. */
export async function setUpVault(
  server: Pick<VaultServer, 'url' | 'caFile' | 'call'>,
  dir: string,
): Promise<void> {
  const must = demanding(server.call);
  await must('POST', 'sys/mounts/quantivista-secrets', { type: 'kv', options: { version: '2' } });
  const upgraded = async () => (await server.call('GET', 'quantivista-secrets/config')).status === 200;
  await until(upgraded, { what: 'the engine to keep versions' });
  await must('POST', 'sys/mounts/quantivista-transit', { type: 'transit' });
  for (const environment of ENVIRONMENTS)
    await must('POST', `quantivista-transit/keys/${environment.toLowerCase()}`, { derived: true });
  await must('POST', 'sys/auth/approle', { type: 'approle' });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const role of ROLES) {
    const policy = readFileSync(join(ROOT, `infra/vault/${role}.hcl`), 'utf8');
    const name = `quantivista-${role}`;
    await must('PUT', `sys/policies/acl/${name}`, { policy });
    const lives = { token_ttl: '1h', token_max_ttl: '24h' };
    await must('POST', `auth/approle/role/${name}`, { token_policies: [name], ...lives });
    const { role_id } = await must('GET', `auth/approle/role/${name}/role-id`);
    const { secret_id } = await must('POST', `auth/approle/role/${name}/secret-id`);
    const files = vaultSettings(server, dir, role);
    writeFileSync(files.VAULT_ROLE_ID_FILE, `${role_id}\n`, { mode: 0o600 });
    writeFileSync(files.VAULT_SECRET_ID_FILE, `${secret_id}\n`, { mode: 0o600 });
  }
}

/** A call that must succeed, and answers its data. */
const demanding =
  (call: VaultCall) =>
  async (...[method, path, body]: Parameters<VaultCall>): Promise<Record<string, string>> => {
    const reply = await call(method, path, body);
    if (reply.status >= 300) throw new Error(`Vault answers ${reply.status} to ${method} ${path}`);
    return (reply.body as { data?: Record<string, string> } | undefined)?.data ?? {};
  };
