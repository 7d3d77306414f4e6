/** `qvc versions`: the versions of a key. */
import { printable, showValue } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';

export async function versions(
  context: Context,
  service: string,
  key: string,
  page: { limit?: number; before?: number },
): Promise<void> {
  requireService(service);
  requireKey(key);
  const { body } = await context.api.versions(service, key, page);
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.versions.length === 0) return [colors.dim('no versions')];
    const rows = body.versions.map(each => [
      String(each.version),
      String(each.revision),
      each.created_at,
      printable(each.updated_by),
      each.deleted ? '(deleted)' : showValue(each.config_value),
      printable(each.reason),
    ]);
    const heading = ['VERSION', 'REVISION', 'AT', 'BY', 'VALUE', 'REASON'];
    const older = body.next_before === undefined ? [] : [colors.dim(`older: --before ${body.next_before}`)];
    return [...table(heading, rows, colors), ...older];
  });
}
