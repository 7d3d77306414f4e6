/** What this node tells of access to it: what it has denied, and which tokens were used. */
import { denialName, tokenUseName } from '@quantivista/region';
import type { NodeDenials } from '../serve/denials.ts';
import type { ReadAccess } from '../serve/read-access.ts';
import type { Counts } from './tally/hand-over.ts';

export const createAccessCounts = (
  denials: Pick<NodeDenials, 'take'>,
  access: Pick<ReadAccess, 'takeTokenUses'>,
): Counts => ({
  take: () => ({
    counts: [
      ...denials.take().map(denial => [denialName(denial), denial.times] as const),
      ...access.takeTokenUses().map(id => [tokenUseName(id), 1] as const),
    ],
    other: 0,
  }),
});
