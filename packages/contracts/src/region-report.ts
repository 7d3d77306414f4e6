/**
 * What a region says of itself at the centre: its nodes, whom they serve, and how far the newest revisions
 * have come. One report a region, whatever the number of its nodes; kept in etcd under a lease.
 */
import { z } from '@hono/zod-openapi';
import { AgeState } from './age.ts';
import { Environment, RegionName } from './names.ts';
import { Generation, Revision } from './revision.ts';

/** How one revision fared at one node. */
export const Receipt = z
  .object({
    revision: Revision,
    applied_after_ms: z.number().openapi({ description: 'commit → applied at the node, by both clocks' }),
    acked: z.int().openapi({ description: 'clients that applied it' }),
    refused: z.int().openapi({ description: 'clients that refused it' }),
    reasons: z.array(z.string()).optional().openapi({ description: 'some of the reasons for refusing' }),
    topics: z
      .array(z.string())
      .optional()
      .openapi({ description: 'whose configuration it changed; `PRODUCTION/*` where that is too many' }),
  })
  .openapi('Receipt');
export type Receipt = z.infer<typeof Receipt>;

/** What an instance said last of revisions, on the streams that it has open. */
export const ClientWord = z.object({
  acked: Revision.optional().openapi({ description: 'the newest that it applied' }),
  refused: Revision.optional().openapi({ description: 'the newest that it refused' }),
  reason: z.string().optional().openapi({ description: 'why it refused that' }),
});
export type ClientWord = z.infer<typeof ClientWord>;

/** Who watches one topic at one node. */
export const Audience = z.object({
  instance_ids: z.array(z.string()).openapi({ description: 'those that named themselves; may be cut short' }),
  words: z.array(ClientWord.nullable()).optional().openapi({
    description: 'of each of `instance_ids`, in their order; absent where none has said anything',
  }),
  truncated: z.boolean().optional().openapi({ description: 'whether there are more than `instance_ids`' }),
  watchers: z.int().openapi({ description: 'open streams, unnamed ones among them' }),
  unnamed: z.int().openapi({ description: 'open streams whose client did not name itself' }),
});
export type Audience = z.infer<typeof Audience>;

export const NodeReport = z
  .object({
    node_id: z.string(),
    runtime: z.string(),
    generation: Generation.nullable(),
    revision: Revision.nullable(),
    state: AgeState,
    watchers: z.int(),
    /** By topic, `PRODUCTION/risk_engine`; `PRODUCTION/*` for those who watch a whole environment. */
    audiences: z.record(z.string(), Audience),
    /** Newest last. */
    receipts: z.array(Receipt),
  })
  .openapi('NodeReport');
export type NodeReport = z.infer<typeof NodeReport>;

export const RegionReport = z
  .object({
    region: RegionName,
    /** The region that this one is fed from; absent where it is fed by etcd. */
    parent: RegionName.optional(),
    environments: z.array(Environment).optional().openapi({ description: 'those held; all where absent' }),
    /** The node that wrote the report. */
    reporter: z.string(),
    /** Milliseconds since the epoch, by the reporter's clock. */
    at: z.number(),
    generation: Generation.nullable(),
    /** What every node of the region has applied; null where one has nothing yet. */
    revision: Revision.nullable(),
    nodes: z.array(NodeReport),
    /** By revision, the topics of its receipts: they are the same at every node. */
    topics: z.record(z.string(), z.array(z.string())).optional(),
    /** As of when the instances are named, by the reporter's clock: in etcd they are put more seldom than the rest. */
    instances_at: z.number().optional(),
    /** Whether lists of instances were cut short to keep the report small. */
    truncated: z.boolean(),
  })
  .openapi('RegionReport');
export type RegionReport = z.infer<typeof RegionReport>;
