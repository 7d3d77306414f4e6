/**
 * The OpenFeature Remote Evaluation Protocol, as its OpenAPI 0.3.0 has it: how any OpenFeature SDK asks for flags.
 * Its errors have shapes of their own, and so have its answers: they are not changed here.
 */
import { z } from '@hono/zod-openapi';
import { FlagValue } from './flag-rules.ts';

export const OFREP_PREFIX = '/ofrep/';
export const OFREP_FLAGS_PATH = '/ofrep/v1/evaluate/flags';
export const OFREP_EVENTS_PATH = '/ofrep/v1/events';

const FlagKey = z.string().openapi({ example: 'new_risk_model' });
const Metadata = z.record(z.string(), z.union([z.boolean(), z.string(), z.number()]));

/** Body of both evaluations. Without a context, or without a body, nothing is known of the caller. */
export const OfrepRequest = z
  .object({
    context: z
      .looseObject({ targetingKey: z.string().optional() })
      .nullish()
      .openapi({ description: "who asks; `service` is the token's, where that names one" }),
  })
  .openapi('OfrepRequest');

/** `min_revision`, `max_age`: as of a read of configurations. */
export const OfrepQuery = z.object({
  min_revision: z.coerce.number().int().nonnegative().optional(),
  max_age: z.coerce.number().nonnegative().optional(),
});
/** `flagConfigEtag` is an event's: the answer is no older than what the event told of. */
export const OfrepBulkQuery = OfrepQuery.extend({
  flagConfigEtag: z.string().optional(),
  flagConfigLastModified: z.string().optional(),
});

export const OfrepSuccess = z
  .object({
    key: FlagKey,
    reason: z.string().openapi({ example: 'TARGETING_MATCH' }),
    value: FlagValue,
    variant: z.string(),
    metadata: Metadata,
  })
  .openapi('OfrepSuccess');
export type OfrepSuccess = z.infer<typeof OfrepSuccess>;

export const OFREP_ERROR_CODES = [
  'PARSE_ERROR',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'GENERAL',
  'FLAG_NOT_FOUND',
] as const;
export type OfrepErrorCode = (typeof OFREP_ERROR_CODES)[number];

/** `key` is absent where no single flag was asked for. */
export const OfrepFailure = z
  .object({ key: FlagKey.optional(), errorCode: z.enum(OFREP_ERROR_CODES), errorDetails: z.string() })
  .openapi('OfrepFailure');
export type OfrepFailure = z.infer<typeof OfrepFailure>;

export const OfrepEventStream = z
  .object({
    type: z.literal('sse'),
    endpoint: z.object({ requestUri: z.string() }),
    inactivityDelaySec: z.int(),
  })
  .openapi('OfrepEventStream');
export type OfrepEventStream = z.infer<typeof OfrepEventStream>;

export const OfrepBulk = z
  .object({
    flags: z.array(z.union([OfrepSuccess, OfrepFailure])),
    metadata: Metadata,
    eventStreams: z.array(OfrepEventStream),
  })
  .openapi('OfrepBulk');
export type OfrepBulk = z.infer<typeof OfrepBulk>;

/** The data of an event: flags may answer otherwise than before. */
export const OfrepEvent = z
  .object({ type: z.literal('refetchEvaluation'), etag: z.string() })
  .openapi('OfrepEvent');
export type OfrepEvent = z.infer<typeof OfrepEvent>;
