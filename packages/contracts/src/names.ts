/**
 * The names a caller may use: environments, services, keys. They become parts of etcd keys, so each
 * schema admits exactly what can be joined with `/` and split again without ambiguity.
 */
import { z } from '@hono/zod-openapi';

export const ENVIRONMENTS = ['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'TEST'] as const;

/** One of the four environments; upper case in the API, any case accepted, lower case in keys. */
export const Environment = z
  .preprocess(value => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(ENVIRONMENTS))
  .openapi({ type: 'string', enum: [...ENVIRONMENTS], example: 'PRODUCTION' });
export type Environment = (typeof ENVIRONMENTS)[number];

/** First path segments of the API below `/config/`: a service of that name could not be reached. */
export const RESERVED_SERVICE_NAMES = [
  'ack',
  'batch',
  'diff',
  'export',
  'history',
  'import',
  'promote',
  'rollback',
  'stream',
  'watch',
] as const;

/** A service: lower case, 1–100 characters, no leading underscore, dot or dash. */
export const ServiceName = z
  .string()
  .max(100)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'must match [a-z0-9][a-z0-9_.-]*')
  .refine(name => !(RESERVED_SERVICE_NAMES as readonly string[]).includes(name), 'is a reserved name')
  .openapi({ example: 'portfolio_management' });

/**
 * A configuration key: 1–200 characters. Upper case and a leading underscore are allowed, since
 * environment variables (`_JAVA_OPTIONS`) are keys too.
 */
export const ConfigKey = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must match [A-Za-z0-9_][A-Za-z0-9_.-]*')
  .refine(key => key !== '__proto__', 'is a reserved name')
  .openapi({ example: 'risk_threshold' });

/** The beginning of a key. */
export const KeyPrefix = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must match [A-Za-z0-9_][A-Za-z0-9_.-]*')
  .openapi({ example: 'risk_' });

/** Who acts: shown in the audit trail; at most 100 characters. */
export const ActorName = z.string().min(1).max(100);

/** A region: 1–100 characters. */
export const RegionName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-z0-9-]+$/, 'must match [a-z0-9-]+')
  .openapi({ example: 'eu-west' });
