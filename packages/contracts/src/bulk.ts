/** Many values at once: what an import or a promotion does, or would do. */
import { z } from '@hono/zod-openapi';
import { Diff } from './diff.ts';
import { Problem } from './errors.ts';
import { Revision } from './revision.ts';
import { SchemaViolation } from './schema.ts';

/** Largest body of an import, in bytes. */
export const MAX_IMPORT_BYTES = 8_000_000;
/** Where it is YAML, whose reading takes a second for so much. */
export const MAX_YAML_BYTES = 1_000_000;
export const DOCUMENT_FORMATS = ['json', 'yaml', 'env'] as const;
export const DocumentFormat = z.enum(DOCUMENT_FORMATS).openapi('DocumentFormat');
export type DocumentFormat = z.infer<typeof DocumentFormat>;

/** What a document comes as, by content type. */
export const DOCUMENT_TYPES: Readonly<Record<string, DocumentFormat>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'text/plain': 'env',
};

/** The format that a content type stands for; `undefined` for all others. */
export const documentFormat = (contentType: string): DocumentFormat | undefined =>
  new Map(Object.entries(DOCUMENT_TYPES)).get(contentType.split(';')[0]!.trim().toLowerCase());

/** One transaction, whole or not at all. */
export const BulkTransaction = z
  .object({ revision: Revision, changed: z.int().positive() })
  .openapi('BulkTransaction');
export type BulkTransaction = z.infer<typeof BulkTransaction>;

/** What was changed, and in which transactions; of a dry run: what would be, and why it would be refused. */
export const BulkResult = Diff.extend({
  dry_run: z.boolean(),
  read_revision: Revision.openapi({
    description: 'as of which the present values were read: `expected_revision` makes it a condition',
  }),
  revision: Revision.nullable().openapi({
    description: 'of the last transaction; null where nothing changed',
  }),
  transactions: z.array(BulkTransaction),
  violations: z
    .array(SchemaViolation)
    .openapi({ description: 'of a dry run: values that break their schemas; at most 100' }),
  refusals: z
    .array(Problem)
    .openapi({ description: 'of a dry run: what else the changes would be refused for' }),
  warnings: z.array(z.string()),
}).openapi('BulkResult');
export type BulkResult = z.infer<typeof BulkResult>;
