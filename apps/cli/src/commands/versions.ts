/** `qvc versions` and `qvc rollback`: the history of a key, and the way back to one of its versions. */
import { printable, showValue } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';
import { showPropagation, withPropagation } from './waited.ts';

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

export async function rollback(
  context: Context,
  service: string,
  key: string,
  version: number,
  { reason, wait }: { reason?: string; wait?: number },
): Promise<void> {
  requireService(service);
  requireKey(key);
  const request = {
    service_name: service,
    config_key: key,
    environment: context.settings.environment,
    version,
    ...(reason !== undefined && { reason }),
  };
  const { body, propagation } = await context.api.rollback(request, wait);
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => {
    const state = body.configuration ? `= ${showValue(body.configuration.config_value)}` : 'deleted';
    const how = `(version ${body.restored_version} restored as ${body.new_version}, revision ${body.revision})`;
    return [`${service}/${key} ${state} ${colors.dim(how)}`, ...showPropagation(propagation, colors)];
  });
}
