/** `qvc history`: who changed what and why, commit by commit. */
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { CHANGE_HEADING, changeCells } from './key-changes.ts';
import { requireService } from './names.ts';

export async function history(
  context: Context,
  service: string | undefined,
  prefix: string | undefined,
  page: { limit?: number; before?: number },
): Promise<void> {
  if (service !== undefined) requireService(service);
  const { body } = await context.api.history({ service_name: service, key_prefix: prefix, ...page });
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.commits.length === 0) return [colors.dim('no changes')];
    const rows = body.commits.flatMap(({ revision, at, updated_by, reason, changes }) =>
      changes.map((change, index) => [
        ...(index === 0 ? [String(revision), at, printable(updated_by)] : ['', '', '']),
        ...changeCells(change, service === undefined ? `${change.service_name}/` : ''),
        index === 0 ? printable(reason) : '',
      ]),
    );
    const heading = ['REVISION', 'AT', 'BY', ...CHANGE_HEADING, 'REASON'];
    const older = body.next_before === undefined ? [] : [colors.dim(`older: --before ${body.next_before}`)];
    return [...table(heading, rows, colors), ...older];
  });
}
