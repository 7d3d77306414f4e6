/** From one environment to another. */
import { z } from '@hono/zod-openapi';
import { MAX_BATCH_CHANGES } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { ActorName, ConfigKey, Environment, KeyPrefix, ServiceName } from './names.ts';
import { Generation, Revision } from './revision.ts';

/** Body of `POST /config/promote`: all keys of the service, those named, or those that begin alike. */
export const PromoteRequest = z
  .strictObject({
    from: Environment,
    to: Environment,
    service_name: ServiceName,
    keys: z.array(ConfigKey).min(1).max(MAX_BATCH_CHANGES).optional(),
    prefix: KeyPrefix.optional(),
    remove: z
      .boolean()
      .default(false)
      .openapi({ description: 'remove keys of the target, of those asked for, that the source has not' }),
    change_type: z.boolean().default(false).openapi({ description: 'types of the target may change too' }),
    dry_run: z.boolean().default(false),
    expected_revision: Revision.optional().openapi({
      description:
        '`read_revision` of a dry run: refused where the service has changed since in either environment',
    }),
    expected_generation: Generation.optional(),
    updated_by: ActorName.optional(),
    reason: FreeText.optional(),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'is the same environment' })
  .refine(({ keys, prefix }) => keys === undefined || prefix === undefined, {
    path: ['prefix'],
    message: 'is not for use with keys',
  })
  .openapi('PromoteRequest');
export type PromoteRequest = z.infer<typeof PromoteRequest>;
/** As it is sent: what has a default may be left out. */
export type PromoteRequestInput = z.input<typeof PromoteRequest>;
