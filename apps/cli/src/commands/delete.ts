/** `qvc delete`: one key; its versions remain. */
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';
import { showPropagation, withPropagation } from './waited.ts';

export async function remove(
  context: Context,
  service: string,
  key: string,
  { reason, wait }: { reason?: string; wait?: number },
): Promise<void> {
  requireService(service);
  requireKey(key);
  const { revision, propagation } = await context.api.delete(service, key, reason, wait);
  const { colors } = context.terminal;
  const result = { service_name: service, config_key: key, deleted: true, revision: revision ?? null };
  present(context, withPropagation(result, propagation), () => {
    const at = revision === undefined ? '' : colors.dim(` (revision ${revision})`);
    return [`${service}/${key} deleted${at}`, ...showPropagation(propagation, colors)];
  });
}
