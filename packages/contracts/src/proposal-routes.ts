/** The endpoints of proposals. */
import { createRoute, z } from '@hono/zod-openapi';
import { Environment } from './names.ts';
import { PreferWait } from './prefer.ts';
import {
  Approval,
  Comment,
  ProposalList,
  ProposalRequest,
  ProposalState,
  ProposalView,
  Remark,
} from './proposal.ts';
import { body, failures, json, problem, security } from './route-parts.ts';

const params = z.object({ id: z.uuid() });
const answers = {
  200: json(ProposalView, 'the proposal as it is now'),
  403: problem('the caller may not do this with it'),
  404: problem('no such proposal'),
  409: problem('the proposal is closed, stale, not yet due or lacks approvals; `state` says how it stands'),
  ...failures,
};
const headers = z.object({ prefer: PreferWait.optional() });
const step = <T extends z.ZodType>(name: string, summary: string, schema: T) =>
  createRoute({
    method: 'post',
    path: `/api/v1/proposals/{id}/${name}`,
    summary,
    security,
    request: { params, headers, body: body(schema) },
    responses: answers,
  });

export const proposeRoute = createRoute({
  method: 'post',
  path: '/api/v1/proposals',
  summary: 'Propose changes, to be applied when they are approved, or at a time',
  security,
  request: { body: body(ProposalRequest) },
  responses: {
    201: json(ProposalView, 'the proposal; `Location` names it'),
    403: problem('the caller lacks the permission `write`'),
    409: problem('a condition does not hold'),
    413: problem('too large to be proposed'),
    ...failures,
  },
});
export const listProposalsRoute = createRoute({
  method: 'get',
  path: '/api/v1/proposals',
  summary: 'Proposals, newest first',
  security,
  request: {
    query: z.object({
      state: ProposalState.optional(),
      environment: Environment.optional(),
      break_glass: z.enum(['true', 'false']).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      before: z
        .uuid()
        .optional()
        .openapi({ description: 'only older ones: `next_before` of the page before' }),
    }),
  },
  responses: { 200: json(ProposalList, 'the proposals'), ...failures },
});
export const readProposalRoute = createRoute({
  method: 'get',
  path: '/api/v1/proposals/{id}',
  summary: 'A proposal, with what stands in its way at this moment',
  security,
  request: { params },
  responses: { 200: json(ProposalView, 'the proposal'), 404: problem('no such proposal'), ...failures },
});
export const approveRoute = step('approve', 'Approve what `digest` stands for', Approval);
export const rejectRoute = step('reject', 'Reject a proposal of another', Remark);
export const withdrawRoute = step('withdraw', "Withdraw one's own proposal", Remark);
export const commentRoute = step('comment', 'Say something of a proposal', Comment);
export const applyRoute = step('apply', 'Make the changes, all or none', Remark);
