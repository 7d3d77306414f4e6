/** One version of a key, as the Configuration that was stored. */
import type { Audit } from '@quantivista/audit';
import {
  type Configuration,
  type ConfigurationPath,
  configurationPath,
  isSealed,
  ServiceError,
} from '@quantivista/contracts';

/** @throws ServiceError `version_not_found`, `configuration_not_found` where the version was a deletion */
export async function pastConfiguration(
  audit: Audit,
  generation: string,
  path: ConfigurationPath,
  version: number,
): Promise<{ configuration: Configuration; revision: number }> {
  const record = configurationPath(path);
  const found = await audit.version(generation, record, version);
  if (!found) throw new ServiceError('version_not_found');
  if (found.deleted) {
    throw new ServiceError('configuration_not_found', { message: `version ${version} was a deletion` });
  }
  const { createdMs, updatedMs } = await audit.versionTimes(generation, record, version);
  const configuration: Configuration = {
    config_key: path.key,
    config_value: found.config_value,
    config_type: found.config_type,
    environment: path.environment,
    service_name: path.service,
    description: found.description,
    is_encrypted: isSealed(found.config_value),
    version,
    created_at: new Date(createdMs).toISOString(),
    updated_at: new Date(updatedMs).toISOString(),
    updated_by: found.updated_by,
  };
  return { configuration, revision: found.revision };
}
