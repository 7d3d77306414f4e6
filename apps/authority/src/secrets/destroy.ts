/**
 * Versions of a secret, destroyed. First it is put on record, then it is done: who dies in between has said what was
 * to happen, and the same request again does it.
 */

import type { Audit } from '@quantivista/audit';
import {
  type Configuration,
  configurationKey,
  configurationPath,
  type DestroyedVersions,
  type DestroyRequest,
  fieldFault,
  GENERATION_KEY,
  isSealed,
  jsonEqual,
  type SealedValue,
  ServiceError,
  secretRecordPath,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import type { SecretStore } from '@quantivista/vault';
import type { Writer } from '../write/commit.ts';
import type { RequestedChange, StoredRecord } from '../write/request.ts';

export interface DestroyOptions {
  readonly etcd: Etcd;
  readonly audit: Audit;
  readonly writer: Writer;
  readonly store: SecretStore;
}

/** @throws ServiceError `version_not_found`, `in_use`, `not_supported`, `secrets_unavailable`, and what a write throws */
export async function destroyVersions(
  { etcd, audit, writer, store }: DestroyOptions,
  { environment, service_name: service, config_key: key, versions, reason = '' }: DestroyRequest,
  actor: string,
): Promise<DestroyedVersions> {
  const path = { environment, service, key };
  const { entries } = await etcd.read([GENERATION_KEY, configurationKey(path)]);
  if (entries[0] === undefined) throw new ServiceError('not_ready');
  const generation = entries[0].value;
  const present = entries[1] && (JSON.parse(entries[1].value) as Configuration).config_value;
  const sealed: SealedValue[] = [];
  for (const [index, version] of versions.entries()) {
    const field = `body.versions.${index}`;
    const found = await audit.version(generation, configurationPath(path), version);
    if (!found) throw fieldFault(field, 'there is no such version', 'version_not_found');
    const { config_value: value } = found;
    if (!isSealed(value) || value.$sealed.store !== 'vault-kv') {
      throw fieldFault(
        field,
        'holds nothing that can be destroyed: its value is where it was copied to',
        'not_supported',
      );
    }
    // An earlier version may be the present one again, after a rollback.
    if (present !== undefined && jsonEqual(present, value))
      throw fieldFault(field, 'is the present value', 'in_use');
    sealed.push(value);
  }
  const record: RequestedChange = {
    path: secretRecordPath(path),
    field: 'body',
    conditions: {},
    next: (before, { version, now, actor: updated_by }) => {
      const known = (before as DestroyedVersions | undefined)?.destroyed ?? [];
      const destroyed = [...new Set([...known, ...versions])].sort((a, b) => a - b);
      return { destroyed, version, updated_at: now, updated_by } satisfies StoredRecord;
    },
  };
  const written = await writer.write({ changes: [record], actor, reason, rollbackAvailable: false });
  for (const each of sealed) await store.destroy(path, each);
  return written.records[0] as unknown as DestroyedVersions;
}
