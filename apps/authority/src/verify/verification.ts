/** Verifies the trail whole: chains, tables, and what the store holds. In pages: memory does not grow with it. */
import type { Checked } from '@quantivista/audit';
import {
  AUDIT_CHAINS,
  type AuditFault,
  type AuditVerdict,
  type AuditVerificationLine,
  parseConfigurationKey,
} from '@quantivista/contracts';
import {
  type CompareOptions,
  comparePresent,
  type Difference,
  settledState,
} from '../reconcile/compare-present.ts';
import { readAnchors } from '../seal/anchors.ts';

/** A line of progress about so often. */
const PROGRESS_MS = 1_000;

/**
 * Faults as they are found, and at last the verdict.
 * @throws ServiceError `audit_unavailable`, `store_unavailable`, `not_ready`, `compacted`
 */
export async function* verify(options: CompareOptions): AsyncGenerator<AuditVerificationLine> {
  const startedAt = performance.now();
  const totals = { faults: 0, sealed: 0, unsealed: 0, intents: 0, records: 0 };
  let toldAt = startedAt;

  async function* tell<T extends Checked>(
    step: string,
    pages: AsyncIterable<T>,
    count: (page: T) => void,
  ): AsyncGenerator<AuditVerificationLine> {
    let checked = 0;
    for await (const page of pages) {
      count(page);
      checked += page.checked;
      totals.faults += page.faults.length;
      for (const fault of page.faults) yield { fault };
      if (performance.now() - toldAt < PROGRESS_MS) continue;
      toldAt = performance.now();
      yield { progress: { step, checked } };
    }
  }

  const { evidence } = options;
  // Before the chains, which only grow: what is anchored must be in them.
  const { heads } = await readAnchors(options.etcd);
  for (const chain of AUDIT_CHAINS) {
    yield* tell(`chain of ${chain}`, evidence.verifyChain(chain, heads.get(chain)), ({ checked }) => {
      totals.sealed += checked;
    });
  }
  yield* tell('rows', evidence.verifySealed(), ({ unsealed }) => {
    totals.unsealed += unsealed;
  });
  yield* tell('intents', evidence.verifyIntents(), ({ checked }) => {
    totals.intents += checked;
  });
  yield* tell('store', storeFaults(options), ({ checked }) => {
    totals.records += checked;
  });
  const ms = Math.round(performance.now() - startedAt);
  const verdict: AuditVerdict = { ok: totals.faults === 0, ...totals, ms };
  yield { verdict };
}

async function* storeFaults(options: CompareOptions): AsyncGenerator<Checked> {
  for await (const { checked, differences } of comparePresent(options, await settledState(options))) {
    yield { checked, faults: differences.map(toFault) };
  }
}

function toFault({ key, revision, row, message }: Difference): AuditFault {
  const fault = { fault: 'store', message: `${key} ${message}`, revision } as const;
  if (row) {
    const { kind, environment, service_name, config_key, version, id } = row;
    return { ...fault, kind, environment, service_name, config_key, version, id };
  }
  const path = parseConfigurationKey(key);
  if (!path) return { ...fault, environment: '*' };
  const { environment, service: service_name, key: config_key } = path;
  return { ...fault, environment, service_name, config_key };
}
