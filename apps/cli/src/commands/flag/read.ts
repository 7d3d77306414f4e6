/** `qvc flag list`, `get` and `versions`. */
import { printable } from '../../show.ts';
import { table } from '../../table.ts';
import { type Context, present } from '../context.ts';
import { requireService } from '../names.ts';
import { fieldLines, flagTable, showState } from './show-flag.ts';

/** @param service whose flags are listed, as a node serves them; without it all, from the authority */
export async function listFlags(
  context: Context,
  service: string | undefined,
  { archived = false }: { archived?: boolean },
): Promise<void> {
  if (service !== undefined) requireService(service);
  const { flags: api } = context.api;
  const flags =
    service === undefined ? await api.all(archived) : (await api.ofService(service, archived)).body;
  present(context, flags, () => flagTable(flags, context.terminal.colors));
}

export async function getFlag(context: Context, name: string): Promise<void> {
  const { body } = await context.api.flags.read(name);
  present(context, body, () => fieldLines(body, context.terminal.colors));
}

export async function flagVersions(
  context: Context,
  name: string,
  page: { limit?: number; before?: number },
): Promise<void> {
  const { body } = await context.api.flags.versions(name, page);
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.versions.length === 0) return [colors.dim('no versions')];
    const rows = body.versions.map(each => [
      String(each.version),
      String(each.revision),
      each.created_at,
      printable(each.updated_by),
      each.flag ? showState(each.flag) : '(deleted)',
      printable(each.reason),
    ]);
    const heading = ['VERSION', 'REVISION', 'AT', 'BY', 'STATE', 'REASON'];
    const older = body.next_before === undefined ? [] : [colors.dim(`older: --before ${body.next_before}`)];
    return [...table(heading, rows, colors), ...older];
  });
}
