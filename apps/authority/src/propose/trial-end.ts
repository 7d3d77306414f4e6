/** How trials end: the change stays, or its keys are what they were before, in one transaction with its record. */
import type { Audit } from '@quantivista/audit';
import { type ConfigurationPath, ServiceError } from '@quantivista/contracts';
import type { Past } from '../history/past.ts';
import { changeOf, planRollback } from '../history/rollback-plan.ts';
import type { Writer } from '../write/commit.ts';
import type { RequestedChange } from '../write/request.ts';
import { putProposal, recordPathOf } from './content.ts';
import type { HeldProposal, Proposals } from './proposals.ts';
import { endTrial } from './trial.ts';

/** `overtaken`: others have changed it since, and it is theirs now. `stuck`: it could not be put back. */
export type TrialEnd = 'kept' | 'reverted' | 'overtaken' | 'stuck';

export interface TrialEnds {
  /** @throws ServiceError: nothing has happened, and it may be tried again. `undefined`: it had ended already */
  keep(id: string): Promise<TrialEnd | undefined>;
  /** Put it back, because of `reason`. As {@link keep}. */
  revert(id: string, reason: string): Promise<TrialEnd | undefined>;
}

export interface TrialEndsOptions {
  readonly proposals: Pick<Proposals, 'read'>;
  readonly writer: Writer;
  readonly past: Pick<Past, 'now'>;
  readonly audit: Pick<Audit, 'changesSince'>;
}

/** Stands as the one who did it. */
const BY = 'trial';

/** What was refused were revisions of another store. */
const REPLACED = 'the store was replaced while it was on trial';
const isOfThisLife = ({ proposal, generation }: HeldProposal) => proposal.generation === generation;

/** Configurations of one service, which the trail is asked for together. */
const groupOf = ({ environment, service }: ConfigurationPath) => `${environment}/${service}`;

export function createTrialEnds({ proposals, writer, past, audit }: TrialEndsOptions): TrialEnds {
  async function running(id: string): Promise<HeldProposal | undefined> {
    const held = await proposals.read(id);
    return held.proposal.state === 'on_trial' ? held : undefined;
  }

  /** With the record as it was read among the conditions: of two who end it, one does. */
  const close = (
    { proposal, revision, generation }: HeldProposal,
    state: 'applied' | 'reverted',
    comment: string,
    changes: readonly RequestedChange[] = [],
  ) => {
    const ended = endTrial(proposal, revision, state, { by: BY, at: new Date().toISOString(), comment });
    return writer.write({
      changes: [...changes, putProposal(ended, generation, revision)],
      actor: BY,
      reason: comment,
      rollbackAvailable: state === 'reverted',
      clearance: { kind: 'trial' },
      mark: { proposal: proposal.id },
      awaited: state === 'reverted',
    });
  };

  /** What makes its keys as they were; undefined where one of them has been changed since. */
  async function undoing({
    proposal,
    revision,
    generation,
  }: HeldProposal): Promise<RequestedChange[] | undefined> {
    const now = await past.now('write_in_doubt');
    const paths = proposal.changes.map(change => recordPathOf(change) as ConfigurationPath);
    const undone: RequestedChange[] = [];
    for (const group of Map.groupBy(paths, groupOf).values()) {
      const { environment, service } = group[0]!;
      const keys = group.map(({ key }) => key);
      const span = { environment, service, keys, after: revision - 1, upTo: now.revision };
      const changes = await audit.changesSince(generation, span);
      // The trail is whole up to there: what it does not tell of as changed then is not what this proposal changed.
      if (changes.length < keys.length || changes.some(each => each.now.revision !== revision))
        return undefined;
      const steps = planRollback(changes);
      undone.push(...steps.map(step => changeOf(step, { generation, environment, service })));
    }
    return undone;
  }

  async function keep(id: string): Promise<TrialEnd | undefined> {
    const held = await running(id);
    if (!held) return undefined;
    await close(held, 'applied', isOfThisLife(held) ? 'nobody has refused it' : REPLACED);
    return 'kept';
  }

  return {
    keep,
    revert: async (id, reason) => {
      const held = await running(id);
      if (!held) return undefined;
      if (!isOfThisLife(held)) return keep(id);
      const undone = await undoing(held);
      if (!undone) {
        await close(held, 'applied', `${reason}; changed since by others, and left to them`);
        return 'overtaken';
      }
      try {
        await close(held, 'reverted', reason, undone);
        return 'reverted';
      } catch (error) {
        if (!isFinal(error)) throw error;
        await close(held, 'applied', `${reason}; could not be put back: ${error.message}`.slice(0, 2_000));
        return 'stuck';
      }
    },
  };
}

/** The state from before is not allowed any more: a schema was put since, or another rule. */
const isFinal = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && error.status < 500 && error.code !== 'conflict';
