/** What every write may be told of approvals and trials, and answer: part of the routes that change something. */
import { z } from '@hono/zod-openapi';
import { MAX_TRIAL_S, ProposalView } from './proposal.ts';
import { json, problem } from './route-parts.ts';
import { Time } from './time.ts';

export const CallHeaders = z.object({
  'x-config-break-glass': z.enum(['true', 'false']).optional().openapi({
    description: 'change what is protected at once: needs the permission `break-glass`, and a reason',
  }),
  'x-config-apply-at': Time.optional().openapi({
    description: 'propose the change, to be applied at this time once it has its approvals',
  }),
  'x-config-trial': z.coerce
    .number()
    .pipe(z.int().min(1).max(MAX_TRIAL_S))
    .optional()
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: MAX_TRIAL_S,
      description:
        'put the change back where a client says within so many seconds that it can not use it; the answer has this ' +
        'header with the id of the proposal that the change is on record as',
    }),
});

/** Of an answer: the proposal that tells how the trial ends. */
export const TRIAL_HEADER = 'x-config-trial';

export const proposed = {
  202: json(ProposalView, 'proposed: it needs approvals, or waits for its time; `Location` names it'),
  403: problem('the caller lacks the permission that the problem names'),
};
