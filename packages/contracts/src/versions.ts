/** History of one key, and the way back to a version of it. */
import { z } from '@hono/zod-openapi';
import { ConfigType, Configuration, JsonValue } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { ActorName, ConfigKey, Environment, ServiceName } from './names.ts';
import { Revision } from './revision.ts';

/** One committed change of a key; `deleted` versions have a `null` value. */
export const ConfigurationVersion = z
  .object({
    version: z.int().positive(),
    revision: Revision,
    config_value: JsonValue,
    config_type: ConfigType,
    description: z.string(),
    deleted: z.boolean(),
    updated_by: ActorName,
    reason: z.string(),
    rollback_available: z.boolean(),
    created_at: z.iso.datetime(),
  })
  .openapi('ConfigurationVersion');
export type ConfigurationVersion = z.infer<typeof ConfigurationVersion>;

/** Versions of one key, newest first; `next_before` asks for the following page. */
export const VersionList = z
  .object({ versions: z.array(ConfigurationVersion), next_before: z.int().positive().optional() })
  .openapi('VersionList');
export type VersionList = z.infer<typeof VersionList>;

/** Body of `POST /config/rollback`: one key, back to what it was at `version`. */
export const RollbackRequest = z
  .strictObject({
    service_name: ServiceName,
    config_key: ConfigKey,
    environment: Environment,
    version: z.int().positive(),
    updated_by: ActorName.optional(),
    reason: FreeText.optional(),
  })
  .openapi('RollbackRequest');
export type RollbackRequest = z.infer<typeof RollbackRequest>;

/** A rollback is a new version with an old value: `configuration` is `null` where that was "deleted". */
export const RollbackResult = z
  .object({
    service_name: ServiceName,
    config_key: ConfigKey,
    environment: Environment,
    restored_version: z.int().positive(),
    from_version: z.int().nonnegative(),
    new_version: z.int().positive(),
    revision: Revision,
    configuration: Configuration.nullable(),
  })
  .openapi('RollbackResult');
export type RollbackResult = z.infer<typeof RollbackResult>;
