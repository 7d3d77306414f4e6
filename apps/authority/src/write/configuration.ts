/** How a configuration is set: what its next state is. */
import {
  type ConfigType,
  type Configuration,
  type ConfigurationPath,
  configurationPath,
  fieldFault,
  isSealed,
  type Json,
  ServiceError,
} from '@quantivista/contracts';
import { deleteRecord } from './delete.ts';
import type { Conditions, NextRecord, RequestedChange, StoredRecord } from './request.ts';

/** The part of a request that says what one configuration is to be. */
export interface ConfigurationValue {
  readonly value: Json;
  /** @default the present type, or APPLICATION_CONFIG for a new key */
  readonly configType?: ConfigType | undefined;
  /** The type of a key that exists may become another one: it is recorded with the version. */
  readonly changeType?: boolean | undefined;
  /** Whether the value is kept out of sight. @default as the present one is; of a SECRET it always is */
  readonly isEncrypted?: boolean | undefined;
  /** @default the present description, or none */
  readonly description?: string | undefined;
}

/** @throws from the plan: ServiceError `type_conflict`, `invalid_request` */
export const setConfiguration = (
  path: ConfigurationPath,
  value: ConfigurationValue,
  { field, conditions = {} }: { field: string; conditions?: Conditions },
): RequestedChange => ({
  path: configurationPath(path),
  field,
  conditions,
  next: nextConfiguration(path, value, field),
});

/** @throws from the plan: ServiceError `configuration_not_found` */
export const deleteConfiguration = (
  path: ConfigurationPath,
  { field, conditions = {} }: { field: string; conditions?: Conditions },
): RequestedChange => deleteRecord(configurationPath(path), { field, conditions });

const STAYS_OPEN = 'the values that it had stay readable in its earlier versions';

const nextConfiguration =
  (path: ConfigurationPath, wanted: ConfigurationValue, field: string): NextRecord =>
  (present, { version, now, actor }) => {
    const before = present as Configuration | undefined;
    const type = wanted.configType ?? before?.config_type ?? 'APPLICATION_CONFIG';
    if (before && type !== before.config_type && !wanted.changeType) {
      throw new ServiceError('type_conflict', {
        message: `the key is of type ${before.config_type}: change_type makes it another${isSealed(before.config_value) || type !== 'SECRET' ? '' : `, and ${STAYS_OPEN}`}`,
        details: { config_key: path.key, current: before },
      });
    }
    if (type === 'SECRET' && wanted.isEncrypted === false) {
      throw fieldFault(`${field}.is_encrypted`, 'must be true of a SECRET, or be left out');
    }
    const encrypted = type === 'SECRET' || (wanted.isEncrypted ?? before?.is_encrypted ?? false);
    if (before && encrypted !== before.is_encrypted && !wanted.changeType) {
      const message = encrypted
        ? `the key's value is kept in the open: change_type has the new one encrypted, and ${STAYS_OPEN}`
        : "the key's value is encrypted: change_type has the new one kept in the open";
      throw new ServiceError('type_conflict', {
        message,
        details: { config_key: path.key, current: before },
      });
    }
    const isText = typeof wanted.value === 'string' || isSealed(wanted.value);
    if (type === 'ENVIRONMENT_VARIABLE' && !isText) {
      throw fieldFault(`${field}.new_value`, 'an ENVIRONMENT_VARIABLE is a string');
    }
    const configuration: Configuration = {
      config_key: path.key,
      config_value: wanted.value,
      config_type: type,
      environment: path.environment,
      service_name: path.service,
      description: wanted.description ?? before?.description ?? '',
      is_encrypted: encrypted,
      version,
      created_at: before?.created_at ?? now,
      updated_at: now,
      updated_by: actor,
    };
    return configuration as unknown as StoredRecord;
  };
