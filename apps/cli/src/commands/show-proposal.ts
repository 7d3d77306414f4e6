/** How a proposal appears on the terminal. */
import type { Json, ProposalView, ProposedChange, Trial } from '@quantivista/contracts';
import { printable, showShort } from '../show.ts';
import type { Colors } from '../terminal.ts';

/** As much of a digest as is shown, and asked for. */
export const DIGEST_LENGTH = 12;

/** `PRODUCTION risk/limit`; of other kinds `flag new_model`, `protection production`. */
export function showPath(path: Pick<ProposedChange, 'kind' | 'environment' | 'service_name' | 'config_key'>) {
  if (path.kind === 'configuration') return `${path.environment} ${path.service_name}/${path.config_key}`;
  return `${path.kind} ${path.service_name && `${path.service_name}/`}${path.config_key}`;
}

const shownValue = ({ kind }: ProposedChange, record: Json): Json | undefined => {
  if (record === null) return undefined;
  return kind === 'configuration' ? (record as { config_value: Json }).config_value : record;
};

function changeLines(change: ProposedChange, colors: Colors): string[] {
  const [before, after] = [shownValue(change, change.before), shownValue(change, change.after)];
  return [
    `  ${showPath(change)}`,
    ...(before === undefined ? [] : [colors.red(`    - ${showShort(before)}`)]),
    ...(after === undefined ? [] : [colors.green(`    + ${showShort(after)}`)]),
  ];
}

const trialLine = ({ until, ended }: Trial, state: string): string =>
  ended
    ? `  its trial ended at ${ended.at}, ${state}: ${printable(ended.comment ?? '')}`
    : `  on trial until ${until}`;

export function proposalLines(proposal: ProposalView, colors: Colors): string[] {
  const { id, state, author, reason, created_at, apply_at, approvals, comments, closed } = proposal;
  const { trial_s, trial } = proposal;
  const { requirements, changed_since, affected, digest } = proposal;
  const why = reason === '' ? '' : `: ${printable(reason)}`;
  const said = (comment: string | undefined) => (comment ? `: ${printable(comment)}` : '');
  const needs = requirements.map(({ environment, required_approvals, approvers, trial_s }) => {
    const whose = approvers ? ` of ${printable(approvers.join(', '))}` : '';
    const then = trial_s === undefined ? '' : `; then ${trial_s} s on trial`;
    return `  ${environment} needs ${required_approvals}${whose}; ${approvals.length} given${then}`;
  });
  return [
    `proposal ${id} is ${state}${proposal.break_glass ? ' (the glass was broken)' : ''}`,
    `  by ${printable(author)} at ${created_at}${why}`,
    ...(apply_at === undefined ? [] : [`  to be applied at ${apply_at}`]),
    ...proposal.changes.flatMap(change => changeLines(change, colors)),
    ...needs,
    ...approvals.map(({ by, at, comment }) => `  approved by ${printable(by)} at ${at}${said(comment)}`),
    ...comments.map(({ by, at, comment }) => `  ${printable(by)} at ${at}${said(comment)}`),
    ...(trial_s !== undefined && !trial ? [`  to be on trial for ${trial_s} s`] : []),
    ...(closed
      ? [`  ${trial ? 'applied' : state} by ${printable(closed.by)} at ${closed.at}${said(closed.comment)}`]
      : []),
    ...(trial ? [trialLine(trial, state)] : []),
    ...changed_since.map(path => colors.yellow(`  changed since: ${showPath(path)}`)),
    colors.dim(`  affects ${affected.watchers === 1 ? '1 stream' : `${affected.watchers} streams`}`),
    ...affected.instances.map(({ instance_id, region }) =>
      colors.dim(`    ${printable(instance_id)} in ${region}`),
    ),
    colors.dim(`  digest ${digest.slice(0, DIGEST_LENGTH)}`),
  ];
}

/** What is said of a change that was proposed in place of being made. */
export const proposedLines = (proposals: readonly ProposalView[], colors: Colors): string[] =>
  proposals.flatMap(proposal => [
    `proposed, not yet made: ${proposal.id}`,
    ...proposalLines(proposal, colors).slice(1),
  ]);
