/** What a protection asks of a change, and whether approvals meet it. Pure. */
import type { Protection, RecordPath, Requirement, Statement } from '@quantivista/contracts';

/**
 * A protection covers the configurations of its environment, flags and segments where it says so, and itself: one
 * who could loosen it alone could change all the rest.
 */
function covers(protection: Protection, { kind, environment }: RecordPath): boolean {
  if (kind === 'configuration' || kind === 'protection') return environment === protection.environment;
  return (kind === 'flag' || kind === 'segment') && protection.flags;
}

/** The protections that cover at least one of the records. */
export const protecting = (
  protections: readonly Protection[],
  paths: readonly RecordPath[],
): readonly Protection[] => protections.filter(each => paths.some(path => covers(each, path)));

export const requirementOf = (protection: Protection): Requirement => {
  const { environment, required_approvals, approvers, trial_s } = protection;
  return {
    environment,
    required_approvals,
    ...(approvers && { approvers }),
    ...(trial_s !== undefined && { trial_s }),
  };
};

/** The requirements that the approvals of persons other than the author do not meet. */
export function unmet(
  requirements: readonly Requirement[],
  author: string,
  approvals: readonly Pick<Statement, 'by'>[],
): readonly Requirement[] {
  const persons = new Set(approvals.map(({ by }) => by));
  persons.delete(author);
  return requirements.filter(({ required_approvals, approvers }) => {
    const counting = approvers ? approvers.filter(name => persons.has(name)).length : persons.size;
    return counting < required_approvals;
  });
}
