/** What a watcher receives, the same over WebSocket and SSE, and what it may send. */
import { z } from '@hono/zod-openapi';
import { Configuration, JsonValue } from './configuration.ts';
import { ConfigKey, Environment, ServiceName } from './names.ts';
import { Generation, Revision } from './revision.ts';

/** A ConfigurationUpdate as it happened, with the key's version and the revision that it came with. */
export const AppliedUpdate = z
  .object({
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
  service_name: ServiceName,
};

/** The whole of a service: the first frame of a stream without `since`, or after a `reset`. */
export const SnapshotFrame = z.object({
  type: z.literal('snapshot'),
  ...frame,
  configurations: z.record(z.string(), Configuration),
});
/** All changes that one transaction made to the service. */
export const UpdateFrame = z.object({ type: z.literal('update'), ...frame, updates: z.array(AppliedUpdate) });
/** The service has not changed up to `revision`: a bookmark to resume from. `age` in seconds. */
export const HeartbeatFrame = z.object({ type: z.literal('heartbeat'), ...frame, age: z.number() });
/** The stream can't go on from where the watcher stands; a snapshot follows. */
export const ResetFrame = z.object({
  type: z.literal('reset'),
  ...frame,
  reason: z.enum(['generation_changed', 'compacted']),
});

export const WatchFrame = z
  .discriminatedUnion('type', [SnapshotFrame, UpdateFrame, HeartbeatFrame, ResetFrame])
  .openapi('WatchFrame');
export type WatchFrame = z.infer<typeof WatchFrame>;
export type SnapshotFrame = z.infer<typeof SnapshotFrame>;
export type UpdateFrame = z.infer<typeof UpdateFrame>;
export type HeartbeatFrame = z.infer<typeof HeartbeatFrame>;
export type ResetFrame = z.infer<typeof ResetFrame>;
