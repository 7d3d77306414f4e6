/** `qvc diff`: what differs between two points, or two environments. */
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { CHANGE_HEADING, changeCells } from './key-changes.ts';
import { requireKey, requireService } from './names.ts';

export interface DiffOptions {
  readonly from: string;
  readonly to: string;
  readonly toEnvironment?: string;
  readonly toService?: string;
}

export async function diff(
  context: Context,
  service: string,
  key: string | undefined,
  { from, to, toEnvironment, toService }: DiffOptions,
): Promise<void> {
  requireService(service);
  if (key !== undefined) requireKey(key);
  const { body } = await context.api.diff({
    service_name: service,
    config_key: key,
    from,
    to,
    to_environment: toEnvironment,
    to_service_name: toService,
  });
  const { colors } = context.terminal;
  present(context, body, () => {
    const { added, changed, removed, unchanged } = body.totals;
    const sides = [body.from, body.to].map(
      side => `${side.environment} ${side.service_name} at revision ${side.revision}`,
    );
    const totals = `${added} added, ${changed} changed, ${removed} removed, ${unchanged} the same`;
    const rows = body.entries.map(entry => changeCells(entry));
    return [
      ...(rows.length > 0 ? table(CHANGE_HEADING, rows, colors) : []),
      colors.dim(`${totals} · ${sides.join(' → ')}`),
    ];
  });
}
