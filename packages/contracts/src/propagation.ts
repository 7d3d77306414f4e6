/** How far a revision has come: as a header of the write that waited for it, and in full. */
import { z } from '@hono/zod-openapi';
import { clientsPage } from './client-propagation.ts';
import { Receipt } from './region-report.ts';
import { Generation, Revision } from './revision.ts';

/** One region's progress with a revision. */
export interface RegionProgress {
  readonly region: string;
  readonly pending: boolean;
  /** From the commit until the last of its nodes had applied it; absent while pending, and where unknown. */
  readonly ms?: number | undefined;
}

/** Most regions that the header names. */
export const MAX_PROGRESS_MEMBERS = 50;

/** The ones that matter most: pending, then slowest. */
const byConcern = (a: RegionProgress, b: RegionProgress): number =>
  Number(b.pending) - Number(a.pending) ||
  (b.ms ?? 0) - (a.ms ?? 0) ||
  (a.region < b.region ? -1 : Number(a.region > b.region));

/** Value of X-Config-Propagation, a structured field list: `us-east;pending, eu-west;ms=3.2`. */
export const formatProgress = (progress: readonly RegionProgress[]): string =>
  [...progress]
    .sort(byConcern)
    .slice(0, MAX_PROGRESS_MEMBERS)
    .map(({ region, pending, ms }) => {
      // A token begins with a letter.
      const name = /^[a-z]/.test(region) ? region : `"${region}"`;
      if (pending) return `${name};pending`;
      return ms === undefined ? name : `${name};ms=${ms.toFixed(1)}`;
    })
    .join(', ');

/** The list that {@link formatProgress} wrote. */
export const parseProgress = (text: string): RegionProgress[] =>
  text
    .split(',')
    .map(member => member.trim())
    .filter(member => member !== '')
    .map(member => {
      const [name = '', ...parameters] = member.split(';');
      const ms = parameters.find(each => each.startsWith('ms='))?.slice(3);
      return {
        region: name.replaceAll('"', ''),
        pending: parameters.includes('pending'),
        ...(ms !== undefined && { ms: Number(ms) }),
      };
    });

const appliedAfter = z.number().nullable().openapi({
  description: 'from the commit, by both clocks; null while it is not applied, and where it is not known',
});
const clients = { acked: z.int(), refused: z.int() };

export const NodePropagation = z.object({
  node_id: z.string(),
  applied: z.boolean(),
  applied_after_ms: appliedAfter,
  ...clients,
  reasons: Receipt.shape.reasons,
});
export const RegionPropagation = z.object({
  region: z.string(),
  applied: z.boolean(),
  applied_after_ms: appliedAfter,
  ...clients,
  nodes: z.array(NodePropagation),
  instances_as_of: z.iso.datetime().openapi({
    description: "by its reporter's clock; long lists of instances are brought up to date every half minute",
  }),
});
export const Propagation = z
  .object({
    generation: Generation,
    revision: Revision,
    applied: z.boolean().openapi({ description: 'by every live region' }),
    behind: z.array(z.string()).openapi({ description: 'regions that have not applied it' }),
    totals: z.object({
      regions: z.int(),
      regions_applied: z.int(),
      nodes: z.int(),
      nodes_applied: z.int(),
      ...clients,
    }),
    regions: z.array(RegionPropagation),
    ...clientsPage,
  })
  .openapi('Propagation');
export type NodePropagation = z.infer<typeof NodePropagation>;
export type RegionPropagation = z.infer<typeof RegionPropagation>;
export type Propagation = z.infer<typeof Propagation>;
