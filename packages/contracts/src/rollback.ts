/** The way back: of a key, several or a whole service, to a version, a revision or a time. */
import { z } from '@hono/zod-openapi';
import { Configuration } from './configuration.ts';
import { DiffEntry } from './diff.ts';
import { FreeText } from './free-text.ts';
import { ActorName, ConfigKey, Environment, ServiceName } from './names.ts';
import { Revision } from './revision.ts';

/** Largest number of keys that a request may name. */
export const MAX_ROLLBACK_KEYS = 1_000;

/** Body of `POST /config/rollback`. Without a key or keys: the whole service. */
export const RollbackRequest = z
  .strictObject({
    environment: Environment,
    service_name: ServiceName,
    config_key: ConfigKey.optional(),
    config_keys: z.array(ConfigKey).min(1).max(MAX_ROLLBACK_KEYS).optional(),
    version: z.int().positive().optional().openapi({ description: 'of `config_key`' }),
    revision: Revision.optional(),
    time: z.iso
      .datetime({ offset: true })
      .optional()
      .openapi({ description: 'the newest revision made at or before it' }),
    preview: z.boolean().optional().openapi({ description: 'tell what would change, and change nothing' }),
    atomic: z
      .boolean()
      .optional()
      .openapi({ description: 'false: in several transactions where one is too small; default true' }),
    force: z
      .boolean()
      .optional()
      .openapi({ description: 'also undo changes that were marked as not to be rolled back' }),
    expected_revision: Revision.optional().openapi({
      description: 'condition: nothing of what is rolled back has changed since, else 409',
    }),
    updated_by: ActorName.optional(),
    reason: FreeText.optional(),
  })
  .superRefine((body, context) => {
    const fault = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    const targets = [body.version, body.revision, body.time].filter(each => each !== undefined);
    if (targets.length === 0) fault('version', 'one of version, revision and time is needed');
    if (targets.length > 1) fault('version', 'only one of version, revision and time may be given');
    if (body.config_key !== undefined && body.config_keys !== undefined) {
      fault('config_keys', 'may not be given together with config_key');
    }
    if (body.version !== undefined && body.config_key === undefined)
      fault('config_key', 'is needed: a version is of one key');
  })
  .openapi('RollbackRequest');
export type RollbackRequest = z.infer<typeof RollbackRequest>;

/** What became of one key, or would. A key that already was as it is to be is not among them. */
export const RollbackChange = DiffEntry.omit({ environment: true, service_name: true })
  .extend({
    from_version: z.int().nonnegative(),
    restored_version: z
      .int()
      .nonnegative()
      .openapi({ description: '0 where the key did not exist yet, and so is deleted' }),
    new_version: z.int().positive(),
    revision: Revision.optional().openapi({ description: 'of the change; absent in a preview' }),
  })
  .openapi('RollbackChange');
export type RollbackChange = z.infer<typeof RollbackChange>;

/** A rollback makes new versions with old values, in one new revision unless it took several transactions. */
export const RollbackResult = z
  .object({
    environment: Environment,
    service_name: ServiceName,
    preview: z.boolean(),
    restored_revision: Revision.openapi({ description: 'the state that was gone back to' }),
    revision: Revision.openapi({
      description:
        'the new one, the last of several; of a preview, or where nothing changed, the present one',
    }),
    changes: z.array(RollbackChange),
    transactions: z.int().nonnegative().openapi({ description: 'that it took, or would take' }),
    config_key: ConfigKey.optional(),
    restored_version: z
      .int()
      .nonnegative()
      .optional()
      .openapi({ description: 'as the next two: of one key' }),
    from_version: z.int().nonnegative().optional(),
    new_version: z.int().nonnegative().optional(),
    configuration: Configuration.nullable()
      .optional()
      .openapi({ description: 'of one key that was changed: `null` where it is deleted' }),
  })
  .openapi('RollbackResult');
export type RollbackResult = z.infer<typeof RollbackResult>;
