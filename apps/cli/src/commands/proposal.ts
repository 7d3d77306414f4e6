/** `qvc proposal`: what waits for approvals or its time, and what a person says of it. */
import {
  PROPOSAL_STATES,
  type ProposalList,
  type ProposalState,
  type ProposalView,
} from '@quantivista/contracts';
import { Argument, type Command, Option } from 'commander';
import { UsageError } from '../fault.ts';
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { DIGEST_LENGTH, proposalLines, showPath } from './show-proposal.ts';
import { showPropagation, withPropagation } from './waited.ts';

interface ListOptions {
  readonly state?: ProposalState;
  readonly brokenGlass?: boolean;
  readonly limit?: number;
  readonly before?: string;
}

async function list(context: Context, { state, brokenGlass, limit, before }: ListOptions): Promise<void> {
  // Of every environment: a proposal may be of several.
  const query = {
    environment: undefined,
    state,
    limit,
    before,
    break_glass: brokenGlass ? 'true' : undefined,
  };
  const { body } = await context.api.call<ProposalList>('GET', '/api/v1/proposals', { query });
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.proposals.length === 0) return [colors.dim('no proposals')];
    const rows = body.proposals.map(each => [
      each.id,
      each.break_glass && each.state === 'applied' ? 'broken glass' : each.state,
      printable(each.author),
      each.apply_at ?? '–',
      String(each.approvals.length),
      each.changes.length === 1 ? showPath(each.changes[0]!) : `${each.changes.length} changes`,
      printable(each.reason),
    ]);
    const heading = ['ID', 'STATE', 'BY', 'AT', 'APPROVALS', 'CHANGES', 'REASON'];
    const older = body.next_before === undefined ? [] : [colors.dim(`older: --before ${body.next_before}`)];
    return [...table(heading, rows, colors), ...older];
  });
}

const read = (context: Context, id: string) =>
  context.api.call<ProposalView>('GET', `/api/v1/proposals/${encodeURIComponent(id)}`);

async function show(context: Context, id: string): Promise<void> {
  const { body } = await read(context, id);
  present(context, body, () => proposalLines(body, context.terminal.colors));
}

type Step = 'approve' | 'reject' | 'withdraw' | 'apply' | 'comment';
interface StepOptions {
  readonly comment?: string;
  readonly wait?: number;
}

async function take(
  context: Context,
  { step, id, body, waitS }: { step: Step; id: string; body: object; waitS?: number | undefined },
): Promise<void> {
  const path = `/api/v1/proposals/${encodeURIComponent(id)}/${step}`;
  const answer = await context.api.call<ProposalView>('POST', path, { body, waitS });
  const { colors } = context.terminal;
  present(context, withPropagation(answer.body, answer.propagation), () => [
    `proposal ${id} is ${answer.body.state}`,
    ...showPropagation(answer.propagation, colors),
  ]);
}

/** Approve what was shown: the beginning of its digest is the proof. */
async function approve(
  context: Context,
  id: string,
  digest: string,
  { comment }: StepOptions,
): Promise<void> {
  if (digest.length < DIGEST_LENGTH) throw new UsageError('The digest is too short: see qvc proposal show');
  const { body } = await read(context, id);
  if (!body.digest.startsWith(digest)) throw new UsageError(`${digest} is not the digest of this proposal`);
  await take(context, { step: 'approve', id, body: { digest: body.digest, comment } });
}

export function addProposalCommands(
  program: Command,
  context: () => Context,
  { wait, wholeNumber }: { wait: () => Option; wholeNumber: (text: string) => number },
): void {
  const proposal = program.command('proposal').description('changes that wait for approvals or their time');
  const comment = () => new Option('--comment <text>', 'what is to be said of it');
  proposal
    .command('list')
    .description('newest first')
    .addOption(new Option('--state <state>', 'only these').choices(PROPOSAL_STATES))
    .option('--broken-glass', 'only what was changed without approvals')
    .option('--limit <number>', 'how many', wholeNumber)
    .option('--before <id>', 'only older ones')
    .action((options: ListOptions) => list(context(), options));
  proposal
    .command('show <id>')
    .description('what it would change, whom it affects, what it waits for')
    .action((id: string) => show(context(), id));
  proposal
    .command('approve <id> <digest>')
    .description('approve what `show` has shown, with its digest')
    .addOption(comment())
    .action((id: string, digest: string, options: StepOptions) => approve(context(), id, digest, options));
  for (const [step, description] of [
    ['reject', "reject another's"],
    ['withdraw', "withdraw one's own"],
  ] as const) {
    proposal
      .command(`${step} <id>`)
      .description(description)
      .addOption(comment())
      .action((id: string, { comment }: StepOptions) => take(context(), { step, id, body: { comment } }));
  }
  proposal
    .command('comment <id>')
    .description('say something of it')
    .addArgument(new Argument('<text>'))
    .action((id: string, text: string) => take(context(), { step: 'comment', id, body: { comment: text } }));
  proposal
    .command('apply <id>')
    .description('make its changes, all or none')
    .addOption(comment())
    .addOption(wait())
    .action((id: string, { comment, wait: waitS }: StepOptions) =>
      take(context(), { step: 'apply', id, body: { comment }, waitS }),
    );
}
