/** Flags by the page, by the batch, by the version; and what is known of their table. */
import { z } from '@hono/zod-openapi';
import { FeatureFlag, FeatureFlagUpdate, Segment } from './flag.ts';
import { FlagName, SegmentName } from './flag-rules.ts';
import { FreeText } from './free-text.ts';
import { ActorName } from './names.ts';
import { Revision } from './revision.ts';

/** `next_after` asks for the following page. */
export const FlagList = z
  .object({ flags: z.array(FeatureFlag), next_after: FlagName.optional() })
  .openapi('FlagList');
export type FlagList = z.infer<typeof FlagList>;

export const SegmentList = z
  .object({ segments: z.array(Segment), next_after: SegmentName.optional() })
  .openapi('SegmentList');
export type SegmentList = z.infer<typeof SegmentList>;

/** All records, as they are kept in a file. */
export const FlagRecords = z.strictObject({
  flags: z.array(FeatureFlag),
  segments: z.array(Segment).default([]),
});
export type FlagRecords = z.infer<typeof FlagRecords>;

/** Largest number of flags that one transaction changes: each costs a comparison, of which etcd admits 128. */
export const MAX_FLAG_BATCH = 100;

const about = {
  updated_by: ActorName.optional().openapi({ description: 'the caller; another name is refused' }),
  reason: FreeText.optional(),
};

/** Body of `POST /flags/batch`: all of it in one transaction, or nothing. */
export const FlagBatch = z
  .strictObject({
    flags: z
      .array(
        z.strictObject({
          ...FeatureFlagUpdate.omit({ updated_by: true, reason: true }).shape,
          flag_name: FlagName,
        }),
      )
      .min(1)
      .max(MAX_FLAG_BATCH),
    ...about,
  })
  .openapi('FlagBatch');
export type FlagBatch = z.infer<typeof FlagBatch>;

export const FlagBatchResult = z
  .object({ revision: Revision, flags: z.array(FeatureFlag) })
  .openapi('FlagBatchResult');
export type FlagBatchResult = z.infer<typeof FlagBatchResult>;

/** One committed change of a flag; of a `deleted` version the flag is `null`. */
export const FlagVersion = z
  .object({
    version: z.int().positive(),
    revision: Revision,
    flag: FeatureFlag.nullable(),
    deleted: z.boolean(),
    updated_by: ActorName,
    reason: z.string(),
    created_at: z.iso.datetime(),
  })
  .openapi('FlagVersion');
export type FlagVersion = z.infer<typeof FlagVersion>;

/** Newest first; `next_before` asks for the following page. */
export const FlagVersionList = z
  .object({ versions: z.array(FlagVersion), next_before: z.int().positive().optional() })
  .openapi('FlagVersionList');
export type FlagVersionList = z.infer<typeof FlagVersionList>;

export const FlagRollbackRequest = z
  .strictObject({ version: z.int().positive(), ...about })
  .openapi('FlagRollbackRequest');
export type FlagRollbackRequest = z.infer<typeof FlagRollbackRequest>;

/** A rollback is a new version with old contents: `flag` is `null` where that was "deleted". */
export const FlagRollbackResult = z
  .object({
    flag_name: FlagName,
    restored_version: z.int().positive(),
    new_version: z.int().positive(),
    revision: Revision,
    flag: FeatureFlag.nullable(),
  })
  .openapi('FlagRollbackResult');
export type FlagRollbackResult = z.infer<typeof FlagRollbackResult>;

/** How one row of the table feature_flags differs from the store. */
export const ProjectionDifference = z.object({
  flag_name: z.string(),
  difference: z.enum(['missing', 'unexpected', 'different', 'unreadable']).openapi({
    description: 'no row; a row without a flag; columns that differ; what the store holds is no flag',
  }),
  columns: z.array(z.string()),
});
export type ProjectionDifference = z.infer<typeof ProjectionDifference>;

export const ProjectionCheck = z
  .object({
    revision: Revision,
    flags: z.int().openapi({ description: 'flags in the store' }),
    differences: z.array(ProjectionDifference),
  })
  .openapi('ProjectionCheck');
export type ProjectionCheck = z.infer<typeof ProjectionCheck>;

export const ProjectionRebuilt = z
  .object({
    revision: Revision,
    flags: z.int().openapi({ description: 'flags in the store' }),
    changed: z.int().openapi({ description: 'rows written or deleted' }),
  })
  .openapi('ProjectionRebuilt');
export type ProjectionRebuilt = z.infer<typeof ProjectionRebuilt>;
