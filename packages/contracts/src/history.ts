/** What was changed, commit by commit, and what differs between two points. */
import { z } from '@hono/zod-openapi';
import { Diff, DiffEntry } from './diff.ts';
import { ActorName, ConfigKey, Environment, KeyPrefix, ServiceName } from './names.ts';
import { PointText } from './point.ts';
import { Revision } from './revision.ts';

export const HistoryQuery = z.object({
  environment: Environment,
  service_name: ServiceName.optional(),
  key_prefix: KeyPrefix.optional().openapi({ description: 'only changes of keys that begin so' }),
  before: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .openapi({ description: 'only revisions below this one' }),
  limit: z.coerce.number().int().min(1).max(100).default(20).openapi({ description: 'how many commits' }),
});

export const HistoryChange = DiffEntry.extend({
  version: z.int().positive(),
  restored_version: z
    .int()
    .nonnegative()
    .optional()
    .openapi({ description: 'of a rollback: the version restored, 0 where the key had not existed' }),
}).openapi('HistoryChange');
export type HistoryChange = z.infer<typeof HistoryChange>;

/** One commit, with the changes that the question is about. */
export const HistoryCommit = z
  .object({
    revision: Revision,
    at: z.iso.datetime().openapi({ description: "by the authority's clock" }),
    updated_by: ActorName,
    reason: z.string(),
    rollback_available: z.boolean(),
    changes: z.array(HistoryChange),
  })
  .openapi('HistoryCommit');
export type HistoryCommit = z.infer<typeof HistoryCommit>;

/** Commits, newest first; `next_before` asks for the following page. */
export const History = z
  .object({ commits: z.array(HistoryCommit), next_before: z.int().positive().optional() })
  .openapi('History');
export type History = z.infer<typeof History>;

export const DiffQuery = z.object({
  environment: Environment,
  service_name: ServiceName,
  config_key: ConfigKey.optional(),
  from: PointText,
  to: PointText.default({ kind: 'present' }),
  to_environment: Environment.optional().openapi({ description: 'default: the same' }),
  to_service_name: ServiceName.optional().openapi({ description: 'default: the same' }),
});

const DiffSide = z.object({
  environment: Environment,
  service_name: ServiceName,
  revision: Revision.openapi({ description: 'that the point stands for' }),
});
export type DiffSide = z.infer<typeof DiffSide>;

/** What differs, and which states were compared. */
export const PointDiff = z.object({ ...Diff.shape, from: DiffSide, to: DiffSide }).openapi('PointDiff');
export type PointDiff = z.infer<typeof PointDiff>;
