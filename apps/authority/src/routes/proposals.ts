/** Proposals: made, listed, judged, applied. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  applyRoute,
  approveRoute,
  commentRoute,
  fieldFault,
  listProposalsRoute,
  type Proposal,
  type ProposalSummary,
  type ProposalView,
  proposeRoute,
  readProposalRoute,
  rejectRoute,
  withdrawRoute,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { readResourcesOf, resourcesOf } from '../access-resources.ts';
import { requireFuture } from '../calls.ts';
import { neededPermissions } from '../needed-permissions.ts';
import { affectedBy } from '../propose/affected.ts';
import { proposedPathOf, recordPathOf } from '../propose/content.ts';
import { isClosed, type ProposalEvent } from '../propose/proposal-state.ts';
import type { HeldProposal } from '../propose/proposals.ts';
import type { Proposed } from '../propose/proposed.ts';
import type { StoredRecord } from '../write/request.ts';
import { checkAuthor } from '../write/validate.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader } from './read.ts';
import { batchChange } from './write.ts';

const locationOf = ({ id }: Proposal) => ({ location: `/api/v1/proposals/${id}` });

/** Of each change, as it was and as it is to be. */
const resourcesIn = ({ changes }: Proposal, of: typeof resourcesOf) =>
  changes.flatMap(change => {
    const states = [change.before, change.after].filter(each => each !== null);
    const path = recordPathOf(change);
    return states.length === 0 ? of(path, undefined) : states.flatMap(each => of(path, each as StoredRecord));
  });

/** One that was made just now. */
function viewOfNew({ regions }: Dependencies, { proposal, requirements }: Proposed): ProposalView {
  const affected = affectedBy(proposal.changes, regions.reports());
  return { ...proposal, requirements: [...requirements], changed_since: [], affected };
}

/** The answer to any write that became a proposal. */
export function proposedResponse(c: Context, dependencies: Dependencies, proposed: Proposed): Response {
  const { proposal, revision } = proposed;
  const headers = { ...stateHeaders(proposal.generation, revision), ...locationOf(proposal) };
  return c.json(viewOfNew(dependencies, proposed), 202, headers);
}

const isMade = (state: Proposal['state']) => ['applied', 'on_trial', 'reverted'].includes(state);

const summarize = ({ changes, comments, digest, generation, ...proposal }: Proposal): ProposalSummary => ({
  ...proposal,
  changes: changes.map(change => proposedPathOf(recordPathOf(change))),
});

export function registerProposals(app: OpenAPIHono, dependencies: Dependencies): void {
  const { callers, proposals, regions, regionWait, writer } = dependencies;
  const caller = (c: Context) => callers.require(shownBy(c));

  /** The caller, who may take this step with each of the changes. */
  async function requireInvolved(c: Context, id: string) {
    const needed = neededPermissions(c.req.method, c.req.path);
    const credential = shownBy(c);
    if (needed) await callers.requireSome(credential, needed, c.req.path);
    const { proposal } = await proposals.read(id);
    return callers.require(credential, needed, ...resourcesIn(proposal, resourcesOf));
  }

  async function view(held: HeldProposal): Promise<ProposalView> {
    const { proposal, revision } = held;
    const closed = isClosed(proposal.state);
    return {
      ...proposal,
      ...(isMade(proposal.state) && { revision: proposal.trial?.revision ?? revision }),
      requirements: closed ? [] : await proposals.requirements(proposal),
      changed_since: closed ? [] : await proposals.changedSince(held),
      affected: affectedBy(proposal.changes, regions.reports()),
    };
  }
  const headersOf = ({ generation, revision }: HeldProposal) => stateHeaders(generation, revision);

  app.openapi(proposeRoute, async c => {
    const { name: actor } = await caller(c);
    const body = c.req.valid('json');
    checkAuthor(body.updated_by, actor);
    if (body.apply_at !== undefined) requireFuture(body.apply_at, 'body.apply_at');
    const request = {
      changes: body.changes.map(batchChange),
      actor,
      reason: body.reason ?? '',
      rollbackAvailable: body.rollback_available,
    };
    const proposed = await writer.propose(request, body.apply_at);
    const { proposal, revision } = proposed;
    const headers = { ...stateHeaders(proposal.generation, revision), ...locationOf(proposal) };
    return c.json(viewOfNew(dependencies, proposed), 201, headers);
  });

  app.openapi(listProposalsRoute, async c => {
    const reader = await requireReader(dependencies, c);
    const isReadable = (each: Proposal) =>
      !reader ||
      resourcesIn(each, readResourcesOf).every(resource => reader.rights.decide('read', resource).allowed);
    const { state, environment, break_glass, limit, before } = c.req.valid('query');
    const wanted = (each: Proposal) =>
      (state === undefined || each.state === state) &&
      (environment === undefined || each.changes.some(change => change.environment === environment)) &&
      (break_glass === undefined || String(each.break_glass ?? false) === break_glass) &&
      (before === undefined || each.id < before) &&
      isReadable(each);
    const found = (await proposals.list()).reverse().filter(wanted);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = found.length > limit && last;
    return c.json({ proposals: page.map(summarize), ...(more && { next_before: last.id }) }, 200);
  });

  app.openapi(readProposalRoute, async c => {
    await requireReader(dependencies, c);
    const held = await proposals.read(c.req.valid('param').id);
    await requireReader(dependencies, c, ...resourcesIn(held.proposal, readResourcesOf));
    return c.json(await view(held), 200, headersOf(held));
  });

  /** What a person says of a proposal, and what it is then. */
  async function take(
    c: Context,
    { type, id, comment }: { type: ProposalEvent['type']; id: string; comment: string | undefined },
  ) {
    const { name: by } = await requireInvolved(c, id);
    const held = await proposals.advance(id, { type, by, ...(comment !== undefined && { comment }) });
    return c.json(await view(held), 200, headersOf(held));
  }

  app.openapi(approveRoute, async c => {
    const { digest, comment } = c.req.valid('json');
    const { id } = c.req.valid('param');
    await requireInvolved(c, id);
    // The content of a proposal never changes: what is true of it now is true when it is approved.
    const { proposal } = await proposals.read(id);
    if (digest !== proposal.digest)
      throw fieldFault('body.digest', 'is not the digest of this proposal', 'conflict');
    return take(c, { type: 'approve', id, comment });
  });
  app.openapi(rejectRoute, c =>
    take(c, { type: 'reject', ...c.req.valid('param'), ...remark(c.req.valid('json')) }),
  );
  app.openapi(withdrawRoute, c =>
    take(c, { type: 'withdraw', ...c.req.valid('param'), ...remark(c.req.valid('json')) }),
  );
  app.openapi(commentRoute, c =>
    take(c, { type: 'comment', ...c.req.valid('param'), ...remark(c.req.valid('json')) }),
  );

  app.openapi(applyRoute, async c => {
    const { id } = c.req.valid('param');
    const { name: by } = await requireInvolved(c, id);
    const { prefer: wait } = c.req.valid('header');
    const { comment } = c.req.valid('json');
    const committed = await proposals.apply(id, by, { comment, awaited: wait !== undefined });
    const { generation, revision, records } = committed;
    // Its record comes after those that it changed.
    const held = { proposal: records.at(-1) as unknown as Proposal, revision, generation };
    const waited = await regionWait.headers(wait, committed);
    return c.json(await view(held), 200, { ...headersOf(held), ...waited });
  });
}

const remark = ({ comment }: { comment?: string | undefined }) => ({ comment });
