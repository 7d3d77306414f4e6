/** JSON Schemas for the values of a service: what they may be, and how a value breaks one. */
import { z } from '@hono/zod-openapi';
import { type Json, JsonValue } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { ActorName, ConfigKey, Environment, ServiceName } from './names.ts';
import { Revision } from './revision.ts';

/** Largest JSON text of one schema, in bytes. */
export const MAX_SCHEMA_BYTES = 32_768;
/** Deepest nesting of one schema. */
export const MAX_SCHEMA_DEPTH = 32;
/** Each write of a service's values reads all of its schemas. */
export const MAX_SERVICE_SCHEMAS = 100;
/** Of how many broken values an answer tells. */
export const MAX_VIOLATIONS = 100;

/** A key, the beginning of keys followed by `*`, or `*` for all keys of the service. */
export const KeyPattern = z
  .string()
  .max(200)
  .regex(/^(?:\*|[A-Za-z0-9_][A-Za-z0-9_.-]*\*?)$/, 'must be a key, or the beginning of keys and *')
  .refine(pattern => pattern !== '__proto__', 'is a reserved name')
  .openapi({ example: 'risk_*' });

/** Whether the schema of a pattern holds for a key. Where several do, the value must satisfy them all. */
export const patternHolds = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : pattern === key;

/** Of draft 2020-12. `true` admits every value, `false` none. */
export const JsonSchema = z
  .custom<boolean | { [keyword: string]: Json }>(
    value =>
      typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
    'must be a JSON Schema: an object or a boolean',
  )
  .openapi({
    description: 'JSON Schema, draft 2020-12, without remote references',
    type: ['object', 'boolean'],
  });
export type JsonSchema = z.infer<typeof JsonSchema>;

/** A schema as it stands. */
export const ValueSchema = z
  .object({
    service_name: ServiceName,
    pattern: KeyPattern,
    schema: JsonSchema,
    description: z.string(),
    forced: z.boolean().openapi({ description: 'put whether or not the values of that time broke it' }),
    version: z.int().positive(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    updated_by: ActorName,
  })
  .openapi('ValueSchema');
export type ValueSchema = z.infer<typeof ValueSchema>;

/** How a value breaks a schema: the first rule that it breaks. */
export const SchemaViolation = z
  .object({
    environment: Environment,
    service_name: ServiceName,
    config_key: ConfigKey,
    pattern: KeyPattern.openapi({ description: 'whose schema is broken' }),
    path: z.string().openapi({ description: 'JSON Pointer within the value', example: '/limits/0' }),
    rule: z.string().openapi({ description: 'the keyword that is broken', example: 'maximum' }),
    message: z.string().openapi({ example: 'must be <= 100' }),
  })
  .openapi('SchemaViolation');
export type SchemaViolation = z.infer<typeof SchemaViolation>;

/** Body of `PUT /schemas/{service_name}/{pattern}`. */
export const SchemaUpdate = z
  .strictObject({
    schema: JsonSchema,
    description: FreeText.optional(),
    updated_by: ActorName.optional().openapi({ description: 'the caller; another name is refused' }),
    reason: FreeText.optional(),
  })
  .openapi('SchemaUpdate');
export type SchemaUpdate = z.infer<typeof SchemaUpdate>;

/** The new state, and up to {@link MAX_VIOLATIONS} of the values that break it: none, unless it was forced. */
export const SchemaResult = ValueSchema.extend({
  violations: z.array(SchemaViolation),
  revision: Revision,
}).openapi('SchemaResult');
export type SchemaResult = z.infer<typeof SchemaResult>;

export const SchemaList = z
  .object({ schemas: z.array(ValueSchema), next_after: KeyPattern.optional() })
  .openapi('SchemaList');
export type SchemaList = z.infer<typeof SchemaList>;

export const SchemaVersion = z
  .object({
    version: z.int().positive(),
    revision: Revision,
    schema: JsonSchema.nullable().openapi({ description: 'null where it was deleted' }),
    description: z.string(),
    forced: z.boolean(),
    deleted: z.boolean(),
    updated_by: ActorName,
    reason: z.string(),
    created_at: z.iso.datetime(),
  })
  .openapi('SchemaVersion');
export type SchemaVersion = z.infer<typeof SchemaVersion>;

export const SchemaVersionList = z
  .object({ versions: z.array(SchemaVersion), next_before: z.int().positive().optional() })
  .openapi('SchemaVersionList');
export type SchemaVersionList = z.infer<typeof SchemaVersionList>;

/** A value to be tried: against the schemas that hold for the key, or against `schema` instead. */
export const ValidateRequest = z
  .strictObject({ config_key: ConfigKey, value: JsonValue, schema: JsonSchema.optional() })
  .openapi('ValidateRequest');
export type ValidateRequest = z.infer<typeof ValidateRequest>;

export const ValidateResult = z
  .object({
    valid: z.boolean(),
    patterns: z.array(KeyPattern).openapi({ description: 'whose schemas were applied' }),
    violations: z.array(SchemaViolation.omit({ environment: true })),
  })
  .openapi('ValidateResult');
export type ValidateResult = z.infer<typeof ValidateResult>;
