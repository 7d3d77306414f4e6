/** `qvc flag projection`: whether the table feature_flags is what the store says, and making it so. */
import { Failure } from '../../fault.ts';
import { printable } from '../../show.ts';
import { table } from '../../table.ts';
import { type Context, present } from '../context.ts';

/** @throws Failure where it differs, so that the command exits with 1 */
export async function checkProjection(context: Context): Promise<void> {
  const { body } = await context.api.flags.checkProjection();
  const { colors } = context.terminal;
  const { differences } = body;
  present(context, body, () => {
    const rows = differences.map(({ flag_name, difference, columns }) => [
      printable(flag_name),
      difference,
      columns.join(', '),
    ]);
    const state = colors.dim(`${body.flags} flags · revision ${body.revision}`);
    return [...(rows.length > 0 ? table(['FLAG', 'DIFFERENCE', 'COLUMNS'], rows, colors) : []), state];
  });
  if (differences.length > 0)
    throw new Failure(`the table differs from the store in ${differences.length} flags`);
}

export async function rebuildProjection(context: Context): Promise<void> {
  const { body } = await context.api.flags.rebuildProjection();
  present(context, body, () => [
    `${body.flags} flags · ${body.changed} rows written · revision ${body.revision}`,
  ]);
}
