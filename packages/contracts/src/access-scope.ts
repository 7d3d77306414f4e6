/** Where something holds: environments, services, keys, types. */
import { z } from '@hono/zod-openapi';
import { ConfigType } from './configuration.ts';
import { Environment } from './names.ts';

const unique = (list: readonly unknown[]) => new Set(list).size === list.length;
/** At least one, and none twice. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.array(item).min(1).max(100).refine(unique, 'holds one twice');

/** A name with `*` for any run of characters: of services or keys. */
export const Pattern = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_.*-]+$/, 'must be of A-Z a-z 0-9 _ . - and *')
  .openapi({ example: 'risk_*' });

export const scopeFields = {
  environments: listOf(Environment).optional().openapi({ description: 'absent: all' }),
  services: listOf(Pattern).optional().openapi({ description: 'absent: all' }),
  keys: listOf(Pattern).optional().openapi({ description: 'of keys and flags; absent: all' }),
  types: listOf(ConfigType).optional().openapi({ description: 'absent: all' }),
};
/** Where something holds: everything that each of the lists admits. */
export const AccessScope = z.strictObject(scopeFields).openapi('AccessScope');
export type AccessScope = z.infer<typeof AccessScope>;
