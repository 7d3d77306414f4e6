/** A change on trial: what may be, and how its record begins and ends. Pure. */
import {
  fieldFault,
  type Proposal,
  type Requirement,
  type Statement,
  type Trial,
} from '@quantivista/contracts';
import type { Regions } from '../network/regions.ts';
import type { WriteRequest } from '../write/request.ts';
import { recordPathOf } from './content.ts';
import { refusingNow, topicsOf } from './refusals.ts';

/** Names that are kept of those who have no say. */
const MOST_NAMES = 200;

/** @throws ServiceError `invalid_request`: it could not be put back */
export function requireTriable({ changes, rollbackAvailable, part }: WriteRequest): void {
  const refuse = (why: string): never => {
    throw fieldFault('header.x-config-trial', why);
  };
  if (changes.some(({ path }) => path.kind !== 'configuration'))
    refuse('is for configurations: of others clients do not say whether they can use them');
  if (!rollbackAvailable) refuse('is not for what may not be rolled back');
  if (part) refuse('is for one transaction, and this takes several: ask for fewer keys at a time');
}

/** As it says itself, or longer where a protection wants that and it can be put back. */
function secondsOf(
  { changes, rollback_available, trial_s = 0 }: Pick<Proposal, 'changes' | 'rollback_available' | 'trial_s'>,
  requirements: readonly Requirement[],
): number {
  const can = rollback_available && changes.every(({ kind }) => kind === 'configuration');
  const wanted = can ? requirements.map(each => each.trial_s ?? 0) : [];
  return Math.max(trial_s, ...wanted);
}

/**
 * A proposal that is applied: on trial, where it or a protection wants that.
 * @param at when it is applied, ISO 8601
 */
export function putOnTrial<P extends Omit<Proposal, 'version'>>(
  applied: P,
  requirements: readonly Requirement[],
  at: string,
  regions: Pick<Regions, 'reports'>,
): P {
  const seconds = secondsOf(applied, requirements);
  if (seconds === 0) return applied;
  const refusing = refusingNow(regions.reports(), topicsOf(applied.changes.map(recordPathOf)));
  const trial: Trial = {
    until: new Date(Date.parse(at) + seconds * 1_000).toISOString(),
    refused_before: Object.fromEntries([...refusing].slice(0, MOST_NAMES)),
  };
  return { ...applied, state: 'on_trial', trial };
}

/** @param revision at which it was applied */
export const endTrial = (
  proposal: Proposal,
  revision: number,
  state: 'applied' | 'reverted',
  ended: Statement,
): Proposal => ({ ...proposal, state, trial: { ...proposal.trial!, revision, ended } });
