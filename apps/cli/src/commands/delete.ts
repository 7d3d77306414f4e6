/** `qvc delete`: one key; its versions remain. */
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';

export async function remove(
  context: Context,
  service: string,
  key: string,
  { reason }: { reason?: string },
): Promise<void> {
  requireService(service);
  requireKey(key);
  const { revision } = await context.api.delete(service, key, reason);
  const result = { service_name: service, config_key: key, deleted: true, revision: revision ?? null };
  present(context, result, () => {
    const at = revision === undefined ? '' : context.terminal.colors.dim(` (revision ${revision})`);
    return [`${service}/${key} deleted${at}`];
  });
}
