import { type Requirement, ServiceError } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isClosed, openState, type ProposalEvent, type ProposalProgress, step } from './proposal-state.ts';
import { unmet } from './requirements.ts';

const T0 = '2026-01-01T00:00:00.000Z';
const two: Requirement[] = [{ environment: 'PRODUCTION', required_approvals: 2 }];
const begin = (more: Partial<ProposalProgress> = {}): ProposalProgress => ({
  author: 'ann',
  state: 'open',
  approvals: [],
  comments: [],
  ...more,
});
const event = (type: ProposalEvent['type'], by: string, at = T0): ProposalEvent => ({ type, by, at });

/** The state after the events, or the code of the refusal. */
function after(events: ProposalEvent[], requirements = two, proposal = begin()): string {
  try {
    return events.reduce((each, next) => step(each, next, requirements), proposal).state;
  } catch (error) {
    return (error as ServiceError).code;
  }
}

describe('two approvals are required', () => {
  test.each<[string, ProposalEvent[], string]>([
    ['one', [event('approve', 'bob')], 'open'],
    ['two', [event('approve', 'bob'), event('approve', 'cid')], 'approved'],
    ['the same person twice', [event('approve', 'bob'), event('approve', 'bob')], 'conflict'],
    ['the author', [event('approve', 'ann')], 'forbidden'],
    ['applied with one', [event('approve', 'bob'), event('apply', 'ann')], 'approval_required'],
    ['applied', [event('approve', 'bob'), event('approve', 'cid'), event('apply', 'ann')], 'applied'],
    ['rejected by the author', [event('reject', 'ann')], 'forbidden'],
    ['withdrawn by another', [event('withdraw', 'bob')], 'forbidden'],
    ['rejected', [event('reject', 'bob')], 'rejected'],
    ['approved after it was rejected', [event('reject', 'bob'), event('approve', 'cid')], 'proposal_closed'],
    [
      'commented after it was withdrawn',
      [event('withdraw', 'ann'), event('comment', 'bob')],
      'proposal_closed',
    ],
  ])('%s', (_, events, outcome) => {
    expect(after(events)).toBe(outcome);
  });
});

test('approvals count by the names that the protection gives', () => {
  const named: Requirement[] = [{ ...two[0]!, required_approvals: 1, approvers: ['ann', 'cid'] }];
  expect(unmet(named, 'ann', [{ by: 'bob' }])).toEqual(named);
  expect(unmet(named, 'ann', [{ by: 'ann' }])).toEqual(named);
  expect(unmet(named, 'ann', [{ by: 'cid' }])).toEqual([]);
});

test('a scheduled proposal waits for its time, and goes back to open where approvals are missing by then', () => {
  const at = '2026-02-01T00:00:00.000Z';
  const approvals = [{ by: 'bob', at: T0 }];
  const scheduled = begin({ apply_at: at, approvals, state: 'scheduled' });
  expect(openState(scheduled, [])).toBe('scheduled');
  expect(after([event('apply', 'ann', '2026-01-31T23:59:59.999Z')], [], scheduled)).toBe('not_due');
  expect(after([event('apply', 'schedule', at)], [], scheduled)).toBe('applied');
  expect(after([event('apply', 'schedule', at)], two, scheduled)).toBe('approval_required');
  expect(after([event('recount', 'schedule', at), event('approve', 'cid')], two, scheduled)).toBe(
    'scheduled',
  );
  expect(after([event('recount', 'schedule', at)], two, scheduled)).toBe('open');
});

const person = fc.constantFrom('ann', 'bob', 'cid', 'dan');
const requirements = fc.array(
  fc.record<Requirement>({
    environment: fc.constantFrom('PRODUCTION', 'STAGING'),
    required_approvals: fc.integer({ min: 1, max: 4 }),
    approvers: fc.uniqueArray(person, { minLength: 1 }),
  }),
  { maxLength: 2 },
);
const happening = fc.record({
  event: fc.record({
    type: fc.constantFrom<ProposalEvent['type']>(
      'approve',
      'approve',
      'approve',
      'apply',
      'apply',
      'comment',
      'recount',
      'reject',
      'withdraw',
      'stale',
      'fail',
    ),
    by: person,
    at: fc.integer({ min: 0, max: 10 }).map(day => new Date(day * 86_400_000).toISOString()),
  }),
  requirements,
});

test('whatever happens: applied at most once, in time, and with the approvals of enough others', () => {
  let applied = 0;
  const due = fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), due, (happenings, day) => {
      const applyAt = day === undefined ? undefined : new Date(day * 86_400_000).toISOString();
      let proposal = begin(applyAt === undefined ? {} : { apply_at: applyAt });
      // Counted apart from the machine: who approved while it was open.
      const approved = new Set<string>();
      let closed = false;
      for (const { event: next, requirements: inForce } of happenings) {
        try {
          proposal = step(proposal, next, inForce);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          continue;
        }
        expect(closed).toBe(false);
        closed = isClosed(proposal.state);
        if (next.type === 'approve') {
          expect(next.by).not.toBe('ann');
          expect(approved.has(next.by)).toBe(false);
          approved.add(next.by);
        }
        if (next.type !== 'apply') {
          expect(proposal.state).not.toBe('applied');
          continue;
        }
        applied++;
        if (applyAt !== undefined) expect(next.at >= applyAt).toBe(true);
        for (const { required_approvals, approvers } of inForce) {
          const counting = [...approved].filter(name => name !== 'ann' && approvers!.includes(name));
          expect(counting.length).toBeGreaterThanOrEqual(required_approvals);
        }
      }
    }),
    { numRuns: 2_000 },
  );
  expect(applied).toBeGreaterThan(100);
});
