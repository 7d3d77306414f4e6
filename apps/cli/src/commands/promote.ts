/** `qvc promote`: a service's values from the environment of `--environment` to another. */
import { Environment } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';
import { showBulk } from '../show-diff.ts';
import { type Context, present } from './context.ts';
import { requireKey, requireService } from './names.ts';
import { showPropagation, withPropagation } from './waited.ts';

export interface PromoteOptions {
  readonly to: string;
  readonly prefix?: string;
  readonly remove?: boolean;
  readonly changeTypes?: boolean;
  readonly dryRun?: boolean;
  /** Revision of the dry run that was read. */
  readonly expect?: number;
  readonly reason?: string;
  /** Seconds to wait for the regions. */
  readonly wait?: number;
}

export async function promote(
  context: Context,
  service: string,
  keys: readonly string[],
  options: PromoteOptions,
): Promise<void> {
  requireService(service);
  for (const key of keys) requireKey(key);
  const to = Environment.safeParse(options.to);
  if (!to.success) throw new UsageError(`There is no environment '${options.to}'`);
  const { colors } = context.terminal;
  const { body, propagation } = await context.api.promote(
    {
      from: context.settings.environment,
      to: to.data,
      service_name: service,
      ...(keys.length > 0 && { keys: [...keys] }),
      ...(options.prefix !== undefined && { prefix: options.prefix }),
      ...(options.expect !== undefined && { expected_revision: options.expect }),
      ...(options.reason !== undefined && { reason: options.reason }),
      remove: options.remove ?? false,
      change_type: options.changeTypes ?? false,
      dry_run: options.dryRun ?? false,
    },
    options.wait,
  );
  present(context, withPropagation(body, propagation), () => [
    ...showBulk(body, colors),
    ...(body.dry_run ? [colors.dim(`exactly this: --expect ${body.read_revision}`)] : []),
    ...showPropagation(propagation, colors),
  ]);
}
