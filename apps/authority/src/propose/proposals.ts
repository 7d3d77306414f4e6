/** The proposals in the store: read, taken a step further, applied. */
import {
  GENERATION_KEY,
  PROPOSALS_PREFIX,
  type Proposal,
  type ProposedChange,
  type ProposedPath,
  proposalPath,
  type Requirement,
  recordKey,
  ServiceError,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { createStoreView } from '../follow/record-view.ts';
import type { Regions } from '../network/regions.ts';
import type { Committed, Writer } from '../write/commit.ts';
import { proposedPathOf, putProposal, recordPathOf, requestedChanges } from './content.ts';
import { type ProposalEvent, step } from './proposal-state.ts';
import { readRequirements } from './protection-rule.ts';
import { putOnTrial } from './trial.ts';

/** A proposal as it is held. */
export interface HeldProposal {
  readonly proposal: Proposal;
  /** At which its record was put: of one that was applied, when that happened. */
  readonly revision: number;
  /** The store's present one. */
  readonly generation: string;
}

export interface Proposals {
  /** @throws ServiceError `proposal_not_found` */
  read(id: string): Promise<HeldProposal>;
  /** All of them, oldest first. */
  list(): Promise<Proposal[]>;
  /** By the protection as it stands. */
  requirements(proposal: Proposal): Promise<Requirement[]>;
  /** The records that are not what they were when it was made. */
  changedSince(held: HeldProposal): Promise<ProposedPath[]>;
  /** @throws ServiceError as `step` of its state does */
  advance(id: string, event: Omit<ProposalEvent, 'at'>): Promise<HeldProposal>;
  /**
   * Make its changes and close it, in one transaction: whoever dies or comes second, it happens once.
   * @throws ServiceError `approval_required`, `not_due`, `proposal_closed`; `proposal_stale`: it is closed now;
   * what the rules refuse: it stays as it was
   */
  apply(
    id: string,
    by: string,
    options?: { comment?: string | undefined; awaited?: boolean },
  ): Promise<Committed>;
}

/** How often a step is tried while others take steps with the same proposal. */
const ATTEMPTS = 10;

export interface ProposalsOptions {
  readonly etcd: Etcd;
  readonly writer: Writer;
  /** Who can't use the state before a trial begins. */
  readonly regions: Pick<Regions, 'reports'>;
}

export function createProposals({ etcd, writer, regions }: ProposalsOptions): Proposals {
  const store = createStoreView(etcd);

  async function read(id: string): Promise<HeldProposal> {
    const { entries } = await store.read([GENERATION_KEY, recordKey(proposalPath(id))]);
    const [generation, entry] = entries;
    if (generation === undefined) throw new ServiceError('not_ready');
    if (entry === undefined) throw new ServiceError('proposal_not_found');
    const proposal = JSON.parse(entry.value) as Proposal;
    return { proposal, revision: entry.modRevision, generation: generation.value };
  }

  const requirements = ({ changes }: Proposal) => readRequirements(store, changes.map(recordPathOf));

  async function changedSince({ proposal, generation }: HeldProposal): Promise<ProposedPath[]> {
    const { entries } = await store.read(proposal.changes.map(change => recordKey(recordPathOf(change))));
    const isSame = ({ base_revision }: ProposedChange, index: number) =>
      proposal.generation === generation && (entries[index]?.modRevision ?? null) === base_revision;
    const changed = proposal.changes.filter((change, index) => !isSame(change, index));
    return changed.map(change => proposedPathOf(recordPathOf(change)));
  }

  /** Repeat `attempt` while it finds that others were quicker: each looks at the proposal anew. */
  async function insist<T>(attempt: () => Promise<T>): Promise<T> {
    for (let count = 1; ; count++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isOvertaken(error) || count === ATTEMPTS) throw error;
      }
    }
  }

  const advance: Proposals['advance'] = (id, event) =>
    insist(async () => {
      const { proposal, revision, generation } = await read(id);
      const at = new Date().toISOString();
      const next = step(proposal, { ...event, at }, await requirements(proposal));
      const written = await writer.write({
        changes: [putProposal(next, generation, revision)],
        actor: event.by,
        reason: event.comment ?? '',
        rollbackAvailable: false,
      });
      return { proposal: written.records[0] as unknown as Proposal, revision: written.revision, generation };
    });

  /** Close it, and say so. If it was applied meanwhile, that is what its records changed by: then this says that. */
  async function refuseStale(id: string, by: string, changed: readonly ProposedPath[]): Promise<never> {
    const message = `changed since: ${changed.map(({ config_key }) => config_key).join(', ')}`;
    await advance(id, { type: 'stale', by, comment: message.slice(0, 1_000) });
    throw new ServiceError('proposal_stale', {
      message,
      details: { state: 'stale', changed_since: changed },
    });
  }

  return {
    read,
    requirements,
    changedSince,
    advance,
    list: async () => {
      const { entries } = await store.list(PROPOSALS_PREFIX);
      return entries.map(({ value }) => JSON.parse(value) as Proposal);
    },
    apply: (id, by, { comment, awaited = false } = {}) =>
      insist(async () => {
        const held = await read(id);
        const { proposal, revision, generation } = held;
        const statement = { by, at: new Date().toISOString(), ...(comment !== undefined && { comment }) };
        const needed = await requirements(proposal);
        const applied = step(proposal, { type: 'apply', ...statement }, needed);
        const next = putOnTrial(applied, needed, statement.at, regions);
        const changed = await changedSince(held);
        if (changed.length > 0) return refuseStale(id, by, changed);
        return writer.write({
          // Approvals, records and protection are compared within the transaction, each as it was read here.
          changes: [...requestedChanges(proposal), putProposal(next, generation, revision)],
          actor: proposal.author,
          reason: proposal.reason,
          rollbackAvailable: proposal.rollback_available,
          clearance: { kind: 'approved', approvals: proposal.approvals },
          mark: { proposal: id },
          awaited: awaited || next.trial !== undefined,
        });
      }),
  };
}

/** A record was not as it had been read: of a step that the proposal refuses, the fault names its state. */
const isOvertaken = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'conflict' && !('state' in error.details);
