/** The trail as evidence: sealed, verified, asked for. On connections of its own, so that it holds up no write. */
import type { AuditEntry, AuditFilter, AuditFinding } from '@quantivista/contracts';
import { type EntryPage, eachEntry, listEntries } from './entries.ts';
import {
  type CommittedChange,
  committedChanges,
  type Finding,
  listFindings,
  markReconciled,
  reconciled,
  recordFinding,
} from './findings.ts';
import { type NewestRow, newestRows, type RecordGroup, rowsOfRevisions } from './newest.ts';
import { type AuditOptions, createPool, unavailable } from './pool.ts';
import { type ChainHead, generations, type Sealed, type SealRequest, seal } from './seal.ts';
import { type Checked, verifyChain } from './verify-chain.ts';
import { verifyIntents, verifySealed } from './verify-trail.ts';

/** Every call, and every step of an iteration, throws ServiceError `audit_unavailable` where Postgres fails. */
export interface Evidence {
  /** Put what is settled into the chains; `undefined` where another is at it. */
  seal(request: SealRequest): Promise<Sealed | undefined>;
  /** All that the trail has rows of. */
  generations(): Promise<string[]>;
  verifyChain(environment: string, anchor: ChainHead | undefined): AsyncGenerator<Checked>;
  verifyIntents(): AsyncGenerator<Checked>;
  verifySealed(): AsyncGenerator<Checked & { readonly unsealed: number }>;
  newestRows(generation: string, group: RecordGroup, upTo: number): AsyncGenerator<NewestRow[]>;
  rowsOfRevisions(generations: readonly string[], revisions: readonly number[]): Promise<NewestRow[]>;
  /** @throws ServiceError `invalid_request` too */
  entries(filter: AuditFilter, page: { limit: number; cursor?: string | undefined }): Promise<EntryPage>;
  /** All entries that fit, newest first, in pages. */
  eachEntry(filter: AuditFilter): AsyncGenerator<readonly AuditEntry[]>;
  /** True for the first to record it. */
  recordFinding(finding: Finding): Promise<boolean>;
  findings(page: { limit: number; before?: number | undefined }): Promise<AuditFinding[]>;
  /** Up to which revision of a generation etcd's history was compared. */
  reconciled(generation: string): Promise<number | undefined>;
  markReconciled(generation: string, revision: number): Promise<void>;
  /** What was committed after `from`, up to `to`. */
  committedChanges(generation: string, from: number, to: number): Promise<CommittedChange[]>;
  close(): Promise<void>;
}

async function* known<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* pages;
  } catch (error) {
    unavailable(error);
  }
}

export function createEvidence(options: AuditOptions): Evidence {
  const pool = createPool({ timeoutMs: 30_000, connections: 6, ...options });
  return {
    seal: request => seal(pool, request).catch(unavailable),
    generations: () => generations(pool).catch(unavailable),
    verifyChain: (environment, anchor) => known(verifyChain(pool, environment, anchor)),
    verifyIntents: () => known(verifyIntents(pool)),
    verifySealed: () => known(verifySealed(pool)),
    newestRows: (generation, group, upTo) => known(newestRows(pool, generation, group, upTo)),
    rowsOfRevisions: (of, revisions) => rowsOfRevisions(pool, of, revisions).catch(unavailable),
    entries: (filter, page) => listEntries(pool, filter, page).catch(unavailable),
    eachEntry: filter => known(eachEntry(pool, filter)),
    recordFinding: finding => recordFinding(pool, finding).catch(unavailable),
    findings: page => listFindings(pool, page).catch(unavailable),
    reconciled: generation => reconciled(pool, generation).catch(unavailable),
    markReconciled: (generation, revision) => markReconciled(pool, generation, revision).catch(unavailable),
    committedChanges: (generation, from, to) =>
      committedChanges(pool, generation, from, to).catch(unavailable),
    close: () => pool.end(),
  };
}
