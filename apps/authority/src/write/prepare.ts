/** From a request to a plan that may be carried out: conditions, rules and secrecy seen to, and nothing recorded yet. */
import { GENERATION_KEY, recordKey, ServiceError } from '@quantivista/contracts';
import type { Compare } from '@quantivista/etcd';
import type { RecordView } from '../follow/record-view.ts';
import type { SecretValues } from '../secrets/secret-values.ts';
import { createOperationId } from './operation-id.ts';
import { keysOf, type Plan, plan } from './plan.ts';
import type { StoredRecord, WriteRequest } from './request.ts';
import type { WriteRule } from './rule.ts';

/** What a write would do, as things stand. */
export interface Preview {
  readonly generation: string;
  /** As of which the present states were read. */
  readonly revision: number;
  readonly plan: Plan;
}

/** etcd admits no more in one transaction. */
const MAX_COMPARES = 128;

export type Prepare = (
  request: WriteRequest,
  view: RecordView,
  secrecy?: 'kept' | 'not_kept',
) => Promise<Preview>;

/**
 * A plan with the rules in force checked, and compared in its transaction. What is confidential is judged as it was
 * sent, and then planned again as it is kept: unless that is `not_kept`, since nothing of the plan will be stored.
 */
export const createPreparation =
  (rules: readonly WriteRule[], secrets: SecretValues): Prepare =>
  async (request, view, secrecy = 'kept') => {
    const { revision, entries } = await view.read(keysOf(request));
    const held = new Map(entries.flatMap(entry => (entry ? [[entry.key, entry]] : [])));
    const generation = held.get(GENERATION_KEY)?.value;
    if (generation === undefined) throw new ServiceError('not_ready');
    const at = Date.now();
    const input = { id: createOperationId(at), generation, at, held };
    const asked = await secrets.compare(request, path => {
      const entry = held.get(recordKey(path));
      return entry && (JSON.parse(entry.value) as StoredRecord);
    });
    let made = plan({ ...input, request: asked });
    const judged = await secrets.judged(made.planned);
    const rulesCompare: Compare[] = [];
    for (const rule of rules) {
      const inForce = await rule.read(request, view);
      inForce.check(judged);
      rulesCompare.push(...inForce.compare);
    }
    if (secrecy === 'kept') {
      const sealed = await secrets.keep(asked, made.planned);
      if (sealed !== asked) made = plan({ ...input, request: sealed });
    }
    const compare = [...made.txn.compare, ...rulesCompare];
    if (compare.length > MAX_COMPARES) {
      throw new ServiceError('too_large', {
        message: `the changes and the rules that hold of them need ${compare.length} comparisons, of ${MAX_COMPARES} that one transaction has: use several requests`,
      });
    }
    return { generation, revision, plan: { ...made, txn: { ...made.txn, compare } } };
  };
