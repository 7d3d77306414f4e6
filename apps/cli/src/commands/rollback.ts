/**
 * `qvc rollback`: a key to one of its versions, at once; a key or a whole service to a time or revision, shown
 * first and done with `--yes`.
 */
import type { RollbackRequest, RollbackResult } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';
import { showValue } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { CHANGE_HEADING, changeCells } from './key-changes.ts';
import { requireKey, requireService } from './names.ts';
import { showPropagation, withPropagation } from './waited.ts';

export interface RollbackOptions {
  readonly to?: string;
  readonly preview?: boolean;
  readonly yes?: boolean;
  readonly inParts?: boolean;
  readonly force?: boolean;
  readonly expectedRevision?: number;
  readonly reason?: string;
  readonly wait?: number;
}

type Target = Pick<RollbackRequest, 'version' | 'revision' | 'time'>;

/** @throws UsageError */
function targetOf(version: number | undefined, to: string | undefined): Target {
  if (version !== undefined && to === undefined) return { version };
  if (version !== undefined || to === undefined) throw new UsageError('Give either a version or --to');
  return /^\d+$/.test(to) ? { revision: Number(to) } : { time: to };
}

export async function rollback(
  context: Context,
  service: string,
  key: string | undefined,
  version: number | undefined,
  options: RollbackOptions,
): Promise<void> {
  requireService(service);
  if (key !== undefined) requireKey(key);
  const target = targetOf(version, options.to);
  const preview = options.preview === true || (target.version === undefined && !options.yes);
  const request: RollbackRequest = {
    environment: context.settings.environment,
    service_name: service,
    ...target,
    ...(key !== undefined && { config_key: key }),
    ...(preview && { preview }),
    ...(options.inParts && { atomic: false }),
    ...(options.force && { force: true }),
    ...(options.expectedRevision !== undefined && { expected_revision: options.expectedRevision }),
    ...(options.reason !== undefined && { reason: options.reason }),
  };
  const { body, propagation } = await context.api.rollback(request, options.wait);
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => [
    ...(target.version !== undefined && !preview ? [oneKey(context, body)] : severalKeys(context, body)),
    ...showPropagation(propagation, colors),
  ]);
}

function oneKey({ terminal: { colors } }: Context, body: RollbackResult): string {
  const state = body.configuration ? `= ${showValue(body.configuration.config_value)}` : 'deleted';
  const how = `(version ${body.restored_version} restored as ${body.new_version}, revision ${body.revision})`;
  return `${body.service_name}/${body.config_key} ${state} ${colors.dim(how)}`;
}

function severalKeys({ terminal: { colors } }: Context, body: RollbackResult): string[] {
  const { changes, transactions } = body;
  if (changes.length === 0) return [colors.dim(`nothing differs from revision ${body.restored_revision}`)];
  const rows = changes.map(each => [
    ...changeCells(each),
    String(each.restored_version),
    String(each.new_version),
  ]);
  const parts = transactions > 1 ? ` in ${transactions} transactions` : '';
  const keys = changes.length === 1 ? '1 key' : `${changes.length} keys`;
  const told = body.preview
    ? `${keys}${parts} would change: --yes${transactions > 1 ? ' --in-parts' : ''} --expected-revision ${body.revision} does it`
    : `${keys} rolled back${parts} to revision ${body.restored_revision}, as revision ${body.revision}`;
  return [...table([...CHANGE_HEADING, 'RESTORES', 'AS VERSION'], rows, colors), colors.dim(told)];
}
