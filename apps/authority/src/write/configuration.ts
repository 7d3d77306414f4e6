/** How a configuration is set: what its next state is. */
import {
  type ConfigType,
  type Configuration,
  type ConfigurationPath,
  configurationPath,
  fieldFault,
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

const nextConfiguration =
  (path: ConfigurationPath, wanted: ConfigurationValue, field: string): NextRecord =>
  (present, { version, now, actor }) => {
    const before = present as Configuration | undefined;
    const type = wanted.configType ?? before?.config_type ?? 'APPLICATION_CONFIG';
    if (before && type !== before.config_type && !wanted.changeType) {
      throw new ServiceError('type_conflict', {
        message: `the key is of type ${before.config_type}: change_type makes it another`,
        details: { config_key: path.key, current: before },
      });
    }
    if (type === 'ENVIRONMENT_VARIABLE' && typeof wanted.value !== 'string') {
      throw fieldFault(`${field}.new_value`, 'an ENVIRONMENT_VARIABLE is a string');
    }
    const configuration: Configuration = {
      config_key: path.key,
      config_value: wanted.value,
      config_type: type,
      environment: path.environment,
      service_name: path.service,
      description: wanted.description ?? before?.description ?? '',
      is_encrypted: false,
      version,
      created_at: before?.created_at ?? now,
      updated_at: now,
      updated_by: actor,
    };
    return configuration as unknown as StoredRecord;
  };
