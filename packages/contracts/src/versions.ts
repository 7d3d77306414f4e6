/** The versions of one key. */
import { z } from '@hono/zod-openapi';
import { ConfigType, JsonValue } from './configuration.ts';
import { ActorName } from './names.ts';
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
    restored_version: z
      .int()
      .nonnegative()
      .optional()
      .openapi({ description: 'of a rollback: the version restored, 0 where the key had not existed' }),
  })
  .openapi('ConfigurationVersion');
export type ConfigurationVersion = z.infer<typeof ConfigurationVersion>;

/** Versions of one key, newest first; `next_before` asks for the following page. */
export const VersionList = z
  .object({ versions: z.array(ConfigurationVersion), next_before: z.int().positive().optional() })
  .openapi('VersionList');
export type VersionList = z.infer<typeof VersionList>;
