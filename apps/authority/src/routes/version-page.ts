/** The versions of a record, of whichever kind, in pages. */
import type { Audit, VersionPage } from '@quantivista/audit';
import { GENERATION_KEY, type RecordPath, ServiceError, type VersionList } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';

/**
 * Newest first; `next_before` stands where there are more.
 * @throws ServiceError `not_ready`, `store_unavailable`, `audit_unavailable`
 */
export async function versionPage(
  { etcd, audit }: { etcd: Etcd; audit: Pick<Audit, 'versions'> },
  path: RecordPath,
  { limit, before }: VersionPage,
): Promise<VersionList> {
  const [generation] = (await etcd.read([GENERATION_KEY])).entries;
  if (generation === undefined) throw new ServiceError('not_ready');
  const versions = await audit.versions(generation.value, path, { limit, before });
  const last = versions.at(-1);
  const more = versions.length === limit && last && last.version > 1;
  return { versions, ...(more && { next_before: last.version }) };
}
