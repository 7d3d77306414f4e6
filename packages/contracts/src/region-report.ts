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
  })
  .openapi('Receipt');
export type Receipt = z.infer<typeof Receipt>;

/** Who watches one topic at one node. */
export const Audience = z.object({
  instance_ids: z.array(z.string()).openapi({ description: 'those that named themselves; may be cut short' }),
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
    /** Whether lists of instances were cut short to keep the report small. */
    truncated: z.boolean(),
  })
  .openapi('RegionReport');
export type RegionReport = z.infer<typeof RegionReport>;
