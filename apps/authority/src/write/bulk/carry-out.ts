/** Carries out a plan of many changes, or tells what would come of it. */
import {
  type BulkResult,
  type BulkTransaction,
  type Environment,
  MAX_BATCH_CHANGES,
  MAX_BATCH_OPERATIONS,
  MAX_VIOLATIONS,
  type Problem,
  type SchemaViolation,
  ServiceError,
  toProblem,
} from '@quantivista/contracts';
import { OutOfTime, withinTime } from '../../time-limit.ts';
import type { Committed, Writer } from '../commit.ts';
import type { WriteRequest } from '../request.ts';
import { type SchemaReader, violationsOf } from '../schemas/service-schemas.ts';
import type { BulkChange, BulkPlan } from './plan.ts';
import { MAX_BUNDLE_BYTES, type Sized, split } from './split.ts';

const CHECK_LIMIT_MS = 2_000;

export type BulkRequest = Omit<WriteRequest, 'changes'>;

/** Changes that may be divided into transactions. */
export interface PlannedParts {
  readonly changes: readonly (Sized & Pick<BulkChange, 'change'>)[];
}

export interface BulkOptions {
  /** False: several transactions where one does not hold all changes. */
  readonly atomic: boolean;
}

/** @throws ServiceError `too_large`: one transaction does not hold all changes, and it was to */
function bundlesOf<T extends Sized>({ changes }: { changes: readonly T[] }, atomic: boolean): T[][] {
  const bundles = split(changes);
  if (!atomic || bundles.length < 2) return bundles;
  const limits = `${MAX_BATCH_CHANGES} keys, ${MAX_BATCH_OPERATIONS} keys and services together, ${MAX_BUNDLE_BYTES} bytes`;
  throw new ServiceError('too_large', {
    message: `${changes.length} changes do not fit into one transaction (at most ${limits}): import with atomic=false, or in parts`,
    details: { changes: changes.length, transactions: bundles.length },
  });
}

/**
 * @returns each transaction, and the last one's commitment; none where nothing changes
 * @throws ServiceError as `writer.write`; where transactions were made before, `transactions` names them
 */
export async function carryOut(
  writer: Writer,
  plan: PlannedParts,
  request: BulkRequest,
  { atomic }: BulkOptions,
): Promise<{ transactions: BulkTransaction[]; last: Committed | undefined }> {
  const bundles = bundlesOf(plan, atomic);
  const transactions: BulkTransaction[] = [];
  let last: Committed | undefined;
  for (const bundle of bundles) {
    try {
      const changes = bundle.map(({ change }) => change);
      last = await writer.write({ ...request, changes, part: bundles.length > 1 });
      transactions.push({ revision: last.revision, changed: bundle.length });
    } catch (error) {
      if (!(error instanceof ServiceError) || transactions.length === 0) throw error;
      const made = `${transactions.length} of ${bundles.length} transactions were made, up to revision ${last?.revision}`;
      throw new ServiceError(error.code, {
        message: `${error.message} (${made})`,
        details: { ...error.details, transactions },
        cause: error,
      });
    }
  }
  return { transactions, last };
}

export interface Prospect {
  readonly violations: SchemaViolation[];
  readonly refusals: Problem[];
}

/** What the changes would be refused for, as things stand: all values that break a schema, and the first of all else. */
export async function foresee(
  { writer, schemas }: { writer: Writer; schemas: SchemaReader },
  plan: BulkPlan,
  request: BulkRequest,
  { atomic }: BulkOptions,
): Promise<Prospect> {
  const refusals: Problem[] = [];
  const expected = async (step: () => Promise<unknown>) => {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status >= 500) throw error;
      if (error.code !== 'schema_violation') refusals.push(toProblem(error));
    }
  };
  await expected(async () => bundlesOf(plan, atomic));
  for (const bundle of split(plan.changes)) {
    await expected(() => writer.preview({ ...request, changes: bundle.map(({ change }) => change) }));
  }
  return { violations: await violations(schemas, plan), refusals };
}

async function violations(schemas: SchemaReader, { changes }: BulkPlan): Promise<SchemaViolation[]> {
  const found: SchemaViolation[] = [];
  for (const [service, ofService] of Map.groupBy(changes, change => change.service)) {
    const { schemas: standing } = await schemas.read(service);
    const values = ofService.flatMap(({ entry: { environment, config_key }, value, confidential }) =>
      value === undefined
        ? []
        : [
            {
              environment: environment as Environment,
              service_name: service,
              config_key,
              value,
              confidential,
            },
          ],
    );
    try {
      found.push(...withinTime(CHECK_LIMIT_MS, () => values.flatMap(each => violationsOf(each, standing))));
    } catch (cause) {
      if (!(cause instanceof OutOfTime)) throw cause;
      throw new ServiceError('schema_violation', { message: `checking ${service}: ${cause.message}`, cause });
    }
    if (found.length > MAX_VIOLATIONS) return found.slice(0, MAX_VIOLATIONS);
  }
  return found;
}

/** The answer's members that are the same whether or not it is a dry run. */
export const resultOf = (
  { diff }: BulkPlan,
  readRevision: number,
  more: Partial<BulkResult> & { dry_run: boolean },
): BulkResult => ({
  read_revision: readRevision,
  revision: null,
  transactions: [],
  ...diff,
  violations: [],
  refusals: [],
  warnings: [],
  ...more,
});
