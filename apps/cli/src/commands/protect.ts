/** `qvc protect`: which environments change with the approval of others alone. */
import type { Protection, ProtectionList } from '@quantivista/contracts';
import type { Command, Option } from 'commander';
import { UsageError } from '../fault.ts';
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';

export interface ProtectOptions {
  readonly approvals?: number;
  readonly approvers?: string;
  readonly flags?: boolean;
  readonly breakGlass: boolean;
  /** Seconds. */
  readonly onTrial?: number;
  readonly off?: boolean;
  readonly reason?: string;
}

const PROTECTION = '/api/v1/protection';

const line = ({ environment, required_approvals, approvers, flags, break_glass, trial_s }: Protection) => [
  environment,
  String(required_approvals),
  printable(approvers?.join(', ') ?? 'whoever may approve'),
  flags ? 'yes' : 'no',
  break_glass ? 'allowed' : 'not allowed',
  trial_s === undefined ? 'no' : `${trial_s} s`,
];

async function protect(context: Context, options: ProtectOptions): Promise<void> {
  const { approvals, approvers, flags = false, breakGlass, onTrial, off, reason } = options;
  const path = `${PROTECTION}/${context.settings.environment}`;
  const { colors } = context.terminal;
  const heading = ['ENVIRONMENT', 'APPROVALS', 'OF', 'FLAGS TOO', 'BREAKING GLASS', 'TRIAL'];
  if (off) {
    await context.api.call('DELETE', path, { query: { reason } });
    const { environment } = context.settings;
    return present(context, { environment, protected: false }, () => [`${environment} is not protected`]);
  }
  if (approvals !== undefined) {
    const named = approvers?.split(',').map(each => each.trim());
    const wanted = { required_approvals: approvals, approvers: named, flags, break_glass: breakGlass };
    const body = { ...wanted, trial_s: onTrial, reason };
    const answer = await context.api.call<Protection>('PUT', path, { body });
    return present(context, answer.body, () => table(heading, [line(answer.body)], colors));
  }
  if (approvers !== undefined || flags || !breakGlass || onTrial !== undefined)
    throw new UsageError('--approvals is needed too');
  const { body } = await context.api.call<ProtectionList>('GET', PROTECTION);
  present(context, body, () =>
    body.protections.length === 0
      ? [colors.dim('no environment is protected')]
      : table(heading, body.protections.map(line), colors),
  );
}

export function addProtectCommand(
  program: Command,
  context: () => Context,
  { reason, wholeNumber }: { reason: () => Option; wholeNumber: (text: string) => number },
): void {
  program
    .command('protect')
    .description('show which environments are protected, or protect the one that -e names')
    .option('--approvals <number>', 'how many others must approve a change', wholeNumber)
    .option('--approvers <names>', 'whose approvals count, separated by commas')
    .option('--flags', 'flags and segments too')
    .option('--no-glass', 'the glass may not be broken here')
    .option(
      '--on-trial <seconds>',
      'changes are put back where a client refuses them in this time',
      wholeNumber,
    )
    .option('--off', 'protect it no longer')
    .addOption(reason())
    .action(({ glass, ...options }: Omit<ProtectOptions, 'breakGlass'> & { glass: boolean }) =>
      protect(context(), { ...options, breakGlass: glass }),
    );
}
