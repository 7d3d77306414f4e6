/** Webhooks: who is told of events, of which ones, and how it goes. */
import { z } from '@hono/zod-openapi';
import { EventType } from './event.ts';
import { FreeText } from './free-text.ts';
import { ActorName, Environment, ServiceName } from './names.ts';

export const WebhookName = z
  .string()
  .max(100)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'must match [a-z0-9][a-z0-9_.-]*')
  .openapi({ example: 'audit-archive' });

/** Where it stands is checked when it is set, and where it leads to at each delivery. */
export const WebhookUrl = z
  .string()
  .max(2_000)
  .refine(text => URL.canParse(text), 'is not a URL')
  .openapi({ format: 'uri', example: 'https://hooks.example.com/quantivista' });

const filters = {
  types: z.array(EventType).max(20).default([]).openapi({ description: 'none: all' }),
  environments: z
    .array(Environment)
    .max(4)
    .default([])
    .openapi({ description: 'none: all; what belongs to no environment is told in any case' }),
  services: z
    .array(ServiceName)
    .max(100)
    .default([])
    .openapi({ description: 'none: all; what belongs to no service is told in any case' }),
};

/** Body of `PUT /webhooks/{name}`. */
export const WebhookUpdate = z
  .strictObject({
    url: WebhookUrl,
    ...filters,
    enabled: z.boolean().default(true),
    description: FreeText.default(''),
    rotate_secret: z
      .boolean()
      .default(false)
      .openapi({ description: 'a new secret; the one before signs too for another day' }),
    updated_by: ActorName.optional(),
    reason: FreeText.optional(),
  })
  .openapi('WebhookUpdate');
export type WebhookUpdate = z.infer<typeof WebhookUpdate>;

/** A signing secret by its id: the secret itself is kept sealed elsewhere. */
export const WebhookSecretRef = z.object({
  id: z.uuid(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().optional().openapi({ description: 'of one that was replaced' }),
});
export type WebhookSecretRef = z.infer<typeof WebhookSecretRef>;

/** A webhook as it is stored, and in the trail. */
export const Webhook = z
  .object({
    name: WebhookName,
    url: WebhookUrl,
    ...filters,
    enabled: z.boolean(),
    description: z.string(),
    note: z.string().optional().openapi({ description: 'why the authority has disabled it' }),
    secrets: z.array(WebhookSecretRef).openapi({ description: 'newest first' }),
    version: z.int().positive(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    updated_by: ActorName,
  })
  .openapi('Webhook');
export type Webhook = z.infer<typeof Webhook>;

/** The answer to a PUT. */
export const WebhookWritten = Webhook.extend({
  secret: z
    .string()
    .optional()
    .openapi({ description: '`whsec_…`, where one was made: it is not shown again' }),
}).openapi('WebhookWritten');
export type WebhookWritten = z.infer<typeof WebhookWritten>;

export const WebhookStatus = z
  .object({
    name: WebhookName,
    state: z.enum(['delivering', 'retrying', 'disabled']),
    cursor: z
      .int()
      .openapi({ description: 'all up to this event was delivered, is retried, or is a dead letter' }),
    lag: z.int().openapi({ description: 'events that are newer than the cursor' }),
    waiting: z
      .int()
      .openapi({ description: 'events that are retried, or wait for an earlier one of their key' }),
    dead_letters: z.int(),
    failures: z.int().openapi({ description: 'attempts that failed since the last that did not' }),
    last_success_at: z.iso.datetime().nullable(),
    last_error: z.string().nullable(),
    last_error_at: z.iso.datetime().nullable(),
    next_attempt_at: z.iso.datetime().nullable(),
  })
  .openapi('WebhookStatus');
export type WebhookStatus = z.infer<typeof WebhookStatus>;

/** An event that was given up. */
export const DeadLetter = z
  .object({
    sequence: z.int().positive(),
    event_id: z.uuid(),
    type: EventType,
    subject: z.string(),
    attempts: z.int(),
    last_error: z.string(),
    dead_at: z.iso.datetime(),
  })
  .openapi('DeadLetter');
export type DeadLetter = z.infer<typeof DeadLetter>;

/** Dead letters again (all of them, or one), or all events again from a place on. */
export const ReplayRequest = z
  .strictObject({
    dead_letters: z.literal('all').or(z.int().positive()).optional().openapi({
      description: '`all`, or the sequence of one',
    }),
    from_sequence: z.int().positive().optional(),
    from_time: z.iso.datetime().optional(),
  })
  .refine(
    body => Object.values(body).filter(each => each !== undefined).length === 1,
    'exactly one of dead_letters, from_sequence, from_time',
  )
  .openapi('ReplayRequest');
export type ReplayRequest = z.infer<typeof ReplayRequest>;

export const ReplayResult = z
  .object({ events: z.int().openapi({ description: 'that will be delivered again, filters aside' }) })
  .openapi('ReplayResult');

/** How a signed ping was received. */
export const WebhookTestResult = z
  .object({
    delivered: z.boolean(),
    status: z.int().nullable().openapi({ description: 'HTTP status, null where none was answered' }),
    error: z.string().nullable(),
    duration_ms: z.number(),
  })
  .openapi('WebhookTestResult');
export type WebhookTestResult = z.infer<typeof WebhookTestResult>;
