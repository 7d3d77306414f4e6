/** Thrown where a change was proposed in place of being made: no failure, but nothing that a command goes on with. */
import type { ProposalView } from '@quantivista/contracts';

export class Proposed extends Error {
  readonly proposals: readonly ProposalView[];

  constructor(proposals: readonly ProposalView[]) {
    super('proposed');
    this.proposals = proposals;
  }
}
