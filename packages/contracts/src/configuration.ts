/** The record that the project exists for, and the request that changes it. */
import { z } from '@hono/zod-openapi';
import { FreeText } from './free-text.ts';
import { ActorName, ConfigKey, Environment, ServiceName } from './names.ts';
import { Revision } from './revision.ts';

export const CONFIG_TYPES = [
  'APPLICATION_CONFIG',
  'FEATURE_FLAG',
  'SECRET',
  'ENVIRONMENT_VARIABLE',
  'BUSINESS_RULE',
] as const;
export const ConfigType = z.enum(CONFIG_TYPES).openapi('ConfigType');
export type ConfigType = z.infer<typeof ConfigType>;

/** A JSON value. Absent and `null` differ: `null` is a value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** Bodies come from JSON.parse: what is there is a JSON value. */
export const JsonValue: z.ZodType<Json> = z
  .custom<Json>(value => value !== undefined, 'is required')
  .openapi({
    description: 'any JSON value',
    type: ['null', 'boolean', 'number', 'string', 'array', 'object'],
  });

/** A configured value with what is known of it. In etcd it is stored as exactly this JSON. */
export const Configuration = z
  .object({
    config_key: ConfigKey,
    config_value: JsonValue,
    config_type: ConfigType,
    environment: Environment,
    service_name: ServiceName,
    description: z.string(),
    is_encrypted: z.boolean(),
    version: z.int().positive().openapi({ description: 'counts changes of the key, across deletion' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    updated_by: ActorName,
  })
  .openapi('Configuration');
export type Configuration = z.infer<typeof Configuration>;

/** What every request that changes something may say about itself. */
const changeFields = {
  updated_by: ActorName.optional().openapi({ description: 'the caller; another name is refused' }),
  reason: FreeText.optional(),
  rollback_available: z.boolean().default(true),
};

/** One value to set: the part of ConfigurationUpdate that belongs to the key. */
const valueFields = {
  old_value: JsonValue.optional().openapi({ description: 'condition: the present value, else 409' }),
  new_value: JsonValue,
  config_type: ConfigType.optional(),
  change_type: z.boolean().optional().openapi({ description: 'the type may become another; else 409' }),
  description: FreeText.optional(),
  is_encrypted: z.boolean().optional(),
};

/** Body of `PUT /config/{service}/{key}`. */
export const ConfigurationUpdate = z
  .strictObject({ config_key: ConfigKey.optional(), ...valueFields, ...changeFields })
  .openapi('ConfigurationUpdate');
export type ConfigurationUpdate = z.infer<typeof ConfigurationUpdate>;

/** Largest number of keys that one transaction may change (etcd admits 128 operations). */
export const MAX_BATCH_CHANGES = 120;

/** Largest sum of the keys and the services that one transaction may touch: each service costs an operation too. */
export const MAX_BATCH_OPERATIONS = 124;
/** Largest JSON text of one value, in bytes. */
export const MAX_VALUE_BYTES = 1_000_000;

/** One change of a batch: a value to set, or a key to delete. */
export const BatchChange = z
  .discriminatedUnion('op', [
    z.strictObject({
      op: z.literal('set'),
      environment: Environment,
      service_name: ServiceName,
      config_key: ConfigKey,
      ...valueFields,
    }),
    z.strictObject({
      op: z.literal('delete'),
      environment: Environment,
      service_name: ServiceName,
      config_key: ConfigKey,
      old_value: JsonValue.optional(),
    }),
  ])
  .openapi('BatchChange');
export type BatchChange = z.infer<typeof BatchChange>;

/** Body of `POST /config/batch`: all changes in one transaction, or none. */
export const BatchRequest = z
  .strictObject({ changes: z.array(BatchChange).min(1).max(MAX_BATCH_CHANGES), ...changeFields })
  .openapi('BatchRequest');
export type BatchRequest = z.infer<typeof BatchRequest>;

export const BatchResult = z
  .object({
    revision: Revision,
    changed: z.int().openapi({ description: 'number of keys that were changed' }),
    configurations: z.array(Configuration).openapi({ description: 'the new state of each key set' }),
  })
  .openapi('BatchResult');
export type BatchResult = z.infer<typeof BatchResult>;

/** A service's values by key. */
export const ConfigurationMap = z.record(z.string(), JsonValue).openapi('ConfigurationMap');
export type ConfigurationMap = Record<string, Json>;
