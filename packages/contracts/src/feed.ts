/**
 * What a node gives to the nodes of another region that are fed from it: lines of JSON (NDJSON), one a
 * revision or entry. Keys, values and mod revisions are etcd's, so that a child ends up with the same state.
 */
import { z } from '@hono/zod-openapi';
import { Environment } from './names.ts';
import { Generation, Revision } from './revision.ts';
import { EnvironmentList } from './scope.ts';

export const SnapshotQuery = z.object({
  environments: EnvironmentList.optional(),
  revision: z.coerce.number().int().nonnegative().optional().openapi({
    description: 'the state of this earlier revision, as far back as the history here reaches',
  }),
});
export const ChangesQuery = z.object({
  environments: EnvironmentList.optional(),
  since: z.string().openapi({ description: '{generation}:{revision}: what follows is wanted' }),
});
export const OfferQuery = z.object({ environments: EnvironmentList.optional() });

/** Where a node stands: what a child chooses its parent by. */
export const FeedOffer = z
  .object({
    region: z.string(),
    node_id: z.string(),
    generation: Generation,
    revision: Revision,
    complete_at: z.number().nullable().openapi({
      description: "when the state was last known complete, by the authority's clock (ms since the epoch)",
    }),
    environments: z.array(Environment),
  })
  .openapi('FeedOffer');
export type FeedOffer = z.infer<typeof FeedOffer>;

/** First line of a snapshot; a line an entry follows. */
export const SnapshotHead = z.object({ generation: Generation, revision: Revision }).openapi('SnapshotHead');
export type SnapshotHead = z.infer<typeof SnapshotHead>;

export const FeedEntry = z
  .object({ key: z.string(), value: z.string(), mod_revision: Revision })
  .openapi('FeedEntry');
export type FeedEntry = z.infer<typeof FeedEntry>;

/** Last line of a snapshot: without it the snapshot is not whole. */
export const SnapshotEnd = z.object({ end: z.literal('complete') }).openapi('SnapshotEnd');

/** First line of the changes: what follows goes on from here. */
export const ChangesHead = z.object({ generation: Generation, revision: Revision }).openapi('ChangesHead');
export type ChangesHead = z.infer<typeof ChangesHead>;

/** All that one revision changed; nothing, where none of it is for this child. */
export const RevisionLine = z.object({
  revision: Revision,
  changes: z.array(
    z.object({ key: z.string(), value: z.string().nullable().openapi({ description: 'null: deleted' }) }),
  ),
});
export type RevisionLine = z.infer<typeof RevisionLine>;

/** Sent in silence: the link is alive. */
export const PingLine = z.object({ ping: z.literal(true) });
/** The last line, and why no other follows. */
export const EndLine = z.object({
  end: z.enum(['compacted', 'generation_changed', 'shutting_down', 'forbidden']),
});
export type EndLine = z.infer<typeof EndLine>;

export const ChangesLine = z.union([RevisionLine, PingLine, EndLine]).openapi('ChangesLine');
export type ChangesLine = z.infer<typeof ChangesLine>;
