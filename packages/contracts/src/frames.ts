/** What a watcher receives, the same over WebSocket and SSE, and what it may send. */
import { z } from '@hono/zod-openapi';
import { AgeState } from './age.ts';
import { Configuration, JsonValue } from './configuration.ts';
import { FreeText } from './free-text.ts';
import { ConfigKey, Environment, ServiceName } from './names.ts';
import { Generation, Revision } from './revision.ts';

/** A ConfigurationUpdate as it happened, with the key's version and the revision that it came with. */
export const AppliedUpdate = z
  .object({
    service_name: ServiceName.optional().openapi({ description: 'in streams of a whole environment' }),
    config_key: ConfigKey,
    old_value: JsonValue,
    new_value: JsonValue.openapi({ description: 'null where deleted' }),
    deleted: z.boolean(),
    updated_by: z.string(),
    reason: z.string(),
    rollback_available: z.boolean(),
    version: z.int().openapi({ description: 'of the key; of the version removed where deleted' }),
  })
  .openapi('AppliedUpdate');
export type AppliedUpdate = z.infer<typeof AppliedUpdate>;

const frame = {
  generation: Generation,
  revision: Revision,
  environment: Environment,
  service_name: ServiceName.or(z.literal('*')).openapi({
    description: '`*` in streams of a whole environment',
  }),
};

/**
 * All that the stream is about: its first frame without `since`, or after a `reset`. By key; in streams of a
 * whole environment by `{service_name}/{config_key}`.
 */
export const SnapshotFrame = z.object({
  type: z.literal('snapshot'),
  ...frame,
  configurations: z.record(z.string(), Configuration),
});
/**
 * All changes that one transaction made. With `conflated_from`, what several did: the watcher was too slow to
 * be told of each, or the node itself was not, and goes from the state at `conflated_from` to the one at
 * `revision` in one step. Without updates where that came to nothing.
 */
export const UpdateFrame = z.object({
  type: z.literal('update'),
  ...frame,
  conflated_from: Revision.optional(),
  updates: z.array(AppliedUpdate),
});
/**
 * Nothing has changed up to `revision`: a bookmark to resume from. `age` in seconds. A client whose stream
 * ends waits a random time below `reconnect_window_ms` before it comes back.
 */
export const HeartbeatFrame = z.object({
  type: z.literal('heartbeat'),
  ...frame,
  age: z.number().nullable().openapi({ description: 'null where unknown' }),
  state: AgeState,
  reconnect_window_ms: z.int(),
});
/** The stream can't go on from where the watcher stands; a snapshot follows. */
export const ResetFrame = z.object({
  type: z.literal('reset'),
  ...frame,
  reason: z
    .enum(['generation_changed', 'compacted', 'drift'])
    .openapi({ description: '`drift`: what this node had served was found to differ from the store' }),
});

export const WatchFrame = z
  .discriminatedUnion('type', [SnapshotFrame, UpdateFrame, HeartbeatFrame, ResetFrame])
  .openapi('WatchFrame');
export type WatchFrame = z.infer<typeof WatchFrame>;
export type SnapshotFrame = z.infer<typeof SnapshotFrame>;
export type UpdateFrame = z.infer<typeof UpdateFrame>;
export type HeartbeatFrame = z.infer<typeof HeartbeatFrame>;
export type ResetFrame = z.infer<typeof ResetFrame>;

/**
 * What a client may send: whether it could use a revision, and so all before it that it was told of. Over SSE it
 * is POSTed. Nodes forget it with the stream: one who has come back says it again, of the first frame.
 */
export const AckMessage = z
  .strictObject({
    type: z.literal('ack'),
    revision: Revision,
    applied: z.boolean(),
    error: FreeText.optional().openapi({ description: 'why it was refused' }),
  })
  .openapi('AckMessage');
export type AckMessage = z.infer<typeof AckMessage>;

/** How a client names itself, to be told apart from its like. */
export const InstanceId = FreeText.min(1).max(200);

/** An {@link AckMessage} for the open stream that these name. */
export const AckRequest = AckMessage.omit({ type: true })
  .extend({
    environment: Environment,
    service_name: ServiceName.or(z.literal('*')),
    instance_id: InstanceId,
  })
  .openapi('AckRequest');
export type AckRequest = z.infer<typeof AckRequest>;
