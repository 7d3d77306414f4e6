/** Events: what has changed, told to those outside. CloudEvents 1.0 around the event itself. */
import { z } from '@hono/zod-openapi';
import { JsonValue } from './configuration.ts';
import type { RecordKind } from './records.ts';
import { Generation } from './revision.ts';

export const EVENT_TYPES = [
  'configuration_updated',
  'feature_flag_updated',
  'segment_updated',
  'schema_updated',
  'protection_updated',
  'proposal_updated',
  'webhook_updated',
  'token_updated',
  'secret_updated',
  'role_updated',
  'binding_updated',
  /** Something that was changed behind the authority's back. */
  'audit_finding',
] as const;
export const EventType = z.enum(EVENT_TYPES).openapi('EventType');
export type EventType = z.infer<typeof EventType>;

/** How a record of a kind is told of: the event's type, the field that names the record, the subject's beginning. */
export const EVENT_OF_KIND: Record<RecordKind, { type: EventType; name: string; folder: string | null }> = {
  configuration: { type: 'configuration_updated', name: 'config_key', folder: null },
  flag: { type: 'feature_flag_updated', name: 'flag_name', folder: 'flags' },
  segment: { type: 'segment_updated', name: 'segment_name', folder: 'segments' },
  schema: { type: 'schema_updated', name: 'key_pattern', folder: 'schemas' },
  protection: { type: 'protection_updated', name: 'protection_name', folder: 'protections' },
  proposal: { type: 'proposal_updated', name: 'proposal_id', folder: 'proposals' },
  webhook: { type: 'webhook_updated', name: 'webhook_name', folder: 'webhooks' },
  secret: { type: 'secret_updated', name: 'config_key', folder: 'secrets' },
  token: { type: 'token_updated', name: 'token_hash', folder: 'tokens' },
  role: { type: 'role_updated', name: 'role_name', folder: 'roles' },
  binding: { type: 'binding_updated', name: 'binding_name', folder: 'bindings' },
};

/** Instances that an event names at the most; `affected_instances_truncated` says that there are more. */
export const MAX_AFFECTED_INSTANCES = 200;

/** What happened to a record. `config_key` stands for the field that names a record of another kind. */
export const RecordUpdated = z
  .object({
    config_key: z.string().optional(),
    service_name: z.string().optional(),
    environment: z.string().optional(),
    old_value: JsonValue,
    new_value: JsonValue.openapi({
      description: '`null` where it was deleted; what is confidential is withheld',
    }),
    updated_by: z.string(),
    reason: z.string(),
    version: z.int().positive(),
    deleted: z.boolean(),
    rollback_available: z.boolean(),
    affected_instances: z
      .array(z.string())
      .optional()
      .openapi({
        description: `those that followed the service then: ${MAX_AFFECTED_INSTANCES} at the most`,
      }),
    affected_instances_truncated: z.boolean().optional(),
  })
  .catchall(JsonValue)
  .openapi('RecordUpdated');

/** The event itself: `event_id`, `timestamp`, and what happened under the name of the event's type. */
export const EventData = z
  .object({
    event_id: z.uuid(),
    timestamp: z.iso.datetime(),
    configuration_updated: RecordUpdated.optional(),
    feature_flag_updated: RecordUpdated.optional(),
    segment_updated: RecordUpdated.optional(),
    schema_updated: RecordUpdated.optional(),
    protection_updated: RecordUpdated.optional(),
    proposal_updated: RecordUpdated.optional(),
    webhook_updated: RecordUpdated.optional(),
    token_updated: RecordUpdated.optional(),
    secret_updated: RecordUpdated.optional(),
    role_updated: RecordUpdated.optional(),
    binding_updated: RecordUpdated.optional(),
    audit_finding: JsonValue.optional(),
  })
  .openapi('EventData');
export type EventData = z.infer<typeof EventData>;

export const EVENT_SOURCE = 'urn:quantivista:authority';
export const cloudEventType = (type: EventType | 'ping'): string => `com.quantivista.config.${type}.v1`;

/**
 * Structured mode. `revision`, `generation` and `sequence` are extension attributes; numbers are text there, since
 * an Integer of CloudEvents has 32 bits.
 */
export const CloudEvent = z
  .object({
    specversion: z.literal('1.0'),
    id: z.uuid().openapi({ description: 'the same whenever the event is delivered' }),
    source: z.string(),
    type: z.string().openapi({ example: cloudEventType('configuration_updated') }),
    subject: z.string().openapi({ example: 'PRODUCTION/risk_engine/risk_threshold' }),
    time: z.iso.datetime(),
    datacontenttype: z.literal('application/json'),
    generation: Generation,
    revision: z.string().openapi({ description: "a whole number, as text: the store's revision" }),
    sequence: z.string().openapi({ description: 'a whole number, as text: the place among all events' }),
    data: EventData,
  })
  .openapi('CloudEvent');
export type CloudEvent = z.infer<typeof CloudEvent>;

/** An event as it is kept. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: string;
  readonly generation: string;
  readonly revision: number;
  readonly type: EventType;
  readonly subject: string;
  readonly payload: EventData;
}

export const toCloudEvent = ({ sequence, id, generation, revision, type, subject, payload }: StoredEvent) =>
  ({
    specversion: '1.0',
    id,
    source: EVENT_SOURCE,
    type: cloudEventType(type),
    subject,
    time: payload.timestamp,
    datacontenttype: 'application/json',
    generation,
    revision: String(revision),
    sequence: String(sequence),
    data: payload,
  }) satisfies CloudEvent;
