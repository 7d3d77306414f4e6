/**
 * Thrown in place of the result of a write that became a proposal. It is no fault, and yet thrown: every route
 * writes and answers with what was committed, and none of them needs to know that there are approvals. The app
 * answers 202 for all of them.
 */
import type { Proposal, Requirement } from '@quantivista/contracts';

export class Proposed extends Error {
  readonly proposal: Proposal;
  readonly requirements: readonly Requirement[];
  readonly revision: number;

  constructor(made: { proposal: Proposal; requirements: readonly Requirement[]; revision: number }) {
    super('proposed');
    this.proposal = made.proposal;
    this.requirements = made.requirements;
    this.revision = made.revision;
  }
}
