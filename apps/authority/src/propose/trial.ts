/** A change on trial: what may be, and how its record begins and ends. Pure. */
import {
  fieldFault,
  type Proposal,
  type RegionReport,
  type Requirement,
  type Statement,
  type Trial,
} from '@quantivista/contracts';
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

/** How long a change is to be on trial: as it says itself, or longer where a protection wants that and it can be. */
export function trialSecondsOf(
  { changes, rollback_available, trial_s = 0 }: Pick<Proposal, 'changes' | 'rollback_available' | 'trial_s'>,
  requirements: readonly Requirement[],
): number | undefined {
  const can = rollback_available && changes.every(({ kind }) => kind === 'configuration');
  const wanted = can ? requirements.map(each => each.trial_s ?? 0) : [];
  return Math.max(trial_s, ...wanted) || undefined;
}

/** @param at when it is applied, ISO 8601 */
export function beginTrial(
  { changes }: Pick<Proposal, 'changes'>,
  seconds: number,
  at: string,
  reports: readonly RegionReport[],
): Trial {
  const topics = topicsOf(changes.map(recordPathOf));
  return {
    until: new Date(Date.parse(at) + seconds * 1_000).toISOString(),
    refused_before: Object.fromEntries([...refusingNow(reports, topics)].slice(0, MOST_NAMES)),
  };
}

/** @param revision at which it was applied */
export const endTrial = (
  proposal: Proposal,
  revision: number,
  state: 'applied' | 'reverted',
  ended: Statement,
): Proposal => ({ ...proposal, state, trial: { ...proposal.trial!, revision, ended } });
