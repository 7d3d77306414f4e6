/** Carries out a plan: one transaction after the other, each whole or not at all. */
import type { BatchChange, BatchResult, ConfigType, Environment, ProposalView } from '@quantivista/contracts';
import type { Api } from '../api.ts';
import { Failure } from '../fault.ts';
import type { Reply } from '../http.ts';
import { Proposed } from '../proposed.ts';
import type { PlannedChange } from './plan.ts';
import { split } from './split.ts';

export interface ApplyOptions {
  readonly environment: Environment;
  /** Type of the values set; the server's choice where absent. */
  readonly type: ConfigType | undefined;
  readonly reason: string | undefined;
  /** Seconds to wait for the regions: for the last transaction, which they apply after all others. */
  readonly wait?: number | undefined;
  /** Called before each transaction. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Apply `changes` on the condition that every value to be replaced is still the one that was planned with.
 * @returns the answer to the last transaction, undefined where there was none
 * @throws Failure saying how many transactions were made before the one that failed; Proposed with all proposals
 * where transactions were proposed, after every one of them
 */
export async function apply(
  api: Api,
  changes: readonly PlannedChange[],
  { environment, type, reason, wait, onProgress }: ApplyOptions,
): Promise<Reply<BatchResult> | undefined> {
  const transactions = split(changes.map(change => toBatchChange(change, environment, type)));
  const proposals: ProposalView[] = [];
  let last: Reply<BatchResult> | undefined;
  for (const [done, transaction] of transactions.entries()) {
    onProgress?.(done, transactions.length);
    try {
      const request = { changes: transaction, ...(reason !== undefined && { reason }) };
      last = await api.batch(request, done === transactions.length - 1 ? wait : undefined);
    } catch (error) {
      if (error instanceof Proposed) {
        proposals.push(...error.proposals);
        continue;
      }
      if (!(error instanceof Failure) || done === 0) throw error;
      const before = `${done} of ${transactions.length} transactions were made, up to revision ${last?.body.revision}`;
      throw new Failure(`${error.message} (${before}: the import can be repeated)`, error.status);
    }
  }
  if (proposals.length > 0) throw new Proposed(proposals);
  return last;
}

function toBatchChange(
  change: PlannedChange,
  environment: Environment,
  type: ConfigType | undefined,
): BatchChange {
  return change.op === 'delete' || type === undefined
    ? { ...change, environment }
    : { ...change, environment, config_type: type };
}
