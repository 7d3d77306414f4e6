/** One evaluation, for a person who asks why. */
import { z } from '@hono/zod-openapi';
import { FlagName, FlagValue } from './flag-rules.ts';

export const EvaluateRequest = z
  .strictObject({ context: z.record(z.string(), z.unknown()).default({}) })
  .openapi('EvaluateRequest');
export type EvaluateRequest = z.infer<typeof EvaluateRequest>;

/** One decision: a condition that was met or not, or the bucket that a key fell into. */
export const EvaluationStep = z
  .object({
    at: z.string().openapi({ description: 'where in the flag', example: 'rules.0.when.plan' }),
    met: z.boolean().optional(),
    by: z.string().optional().openapi({ description: 'the attribute that holds the key of the bucket' }),
    key: z.string().optional().openapi({ description: 'absent where the context has none' }),
    bucket: z.int().optional(),
    total: z.int().optional().openapi({ description: 'of so many buckets' }),
    on: z.int().optional().openapi({ description: 'in a rollout: buckets below it are in' }),
  })
  .openapi('EvaluationStep');

export const Evaluated = z
  .object({
    flag_name: FlagName,
    value: FlagValue,
    variant: z.string(),
    reason: z.string(),
    error: z
      .string()
      .optional()
      .openapi({ description: 'why it could not decide, and answers its off variant' }),
    steps: z
      .array(EvaluationStep)
      .optional()
      .openapi({ description: 'in order; what was not asked is not there' }),
  })
  .openapi('Evaluated');
export type Evaluated = z.infer<typeof Evaluated>;
