/** What every write may be told of approvals, and answer: part of the routes that change something. */
import { z } from '@hono/zod-openapi';
import { ProposalView } from './proposal.ts';
import { json, problem } from './route-parts.ts';
import { Time } from './time.ts';

export const CallHeaders = z.object({
  'x-config-break-glass': z.enum(['true', 'false']).optional().openapi({
    description: 'change what is protected at once: needs the permission `break-glass`, and a reason',
  }),
  'x-config-apply-at': Time.optional().openapi({
    description: 'propose the change, to be applied at this time once it has its approvals',
  }),
});

export const proposed = {
  202: json(ProposalView, 'proposed: it needs approvals, or waits for its time; `Location` names it'),
  403: problem('the caller lacks the permission that the problem names'),
};
