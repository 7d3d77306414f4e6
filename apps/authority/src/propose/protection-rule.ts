/** The rule that what is protected changes with approvals, or by breaking the glass, alone. */
import {
  PROTECTION_PREFIX,
  type Protection,
  type RecordPath,
  type Requirement,
  ServiceError,
} from '@quantivista/contracts';
import type { RecordView } from '../follow/record-view.ts';
import type { Clearance, WriteRequest } from '../write/request.ts';
import type { WriteRule } from '../write/rule.ts';
import { requireApprovals } from './proposal-state.ts';
import { protecting, requirementOf } from './requirements.ts';

export interface Protections {
  readonly protections: readonly Protection[];
  /** As of which they are known. */
  readonly revision: number;
}

export async function readProtections(view: Pick<RecordView, 'list'>): Promise<Protections> {
  const { revision, entries } = await view.list(PROTECTION_PREFIX);
  return { revision, protections: entries.map(({ value }) => JSON.parse(value) as Protection) };
}

/** What the protections as they stand ask of a change of these records. */
export async function readRequirements(
  view: Pick<RecordView, 'list'>,
  paths: readonly RecordPath[],
): Promise<Requirement[]> {
  const { protections } = await readProtections(view);
  return protecting(protections, paths).map(requirementOf);
}

const PROTECTABLE = new Set(['configuration', 'flag', 'segment', 'protection']);

/** @throws from the check: ServiceError `approval_required`, `forbidden` */
export const protectionRule: WriteRule = {
  read: async (request, view) => {
    const paths = request.changes.map(({ path }) => path).filter(({ kind }) => PROTECTABLE.has(kind));
    if (paths.length === 0) return { compare: [], check: () => {} };
    const { protections, revision } = await readProtections(view);
    const concerned = protecting(protections, paths);
    return {
      // One that is put meanwhile makes this attempt fail. One that goes meanwhile would only have allowed more.
      compare: [{ key: PROTECTION_PREFIX, prefix: true, target: 'mod', below: revision + 1 }],
      check: () => checkClearance(concerned, request),
    };
  },
};

function checkClearance(concerned: readonly Protection[], { actor, clearance }: WriteRequest): void {
  if (clearance?.kind === 'preview' || clearance?.kind === 'trial') return;
  if (clearance?.kind === 'break_glass') {
    const closed = concerned.filter(({ break_glass }) => !break_glass);
    if (closed.length === 0) return;
    const names = closed.map(({ environment }) => environment).join(', ');
    throw new ServiceError('forbidden', {
      message: `the protection of ${names} allows no breaking of glass`,
    });
  }
  requireApprovals(concerned.map(requirementOf), actor, approvalsOf(clearance));
}

const approvalsOf = (clearance: Extract<Clearance, { kind: 'approved' }> | undefined) =>
  clearance?.approvals ?? [];
