/** `qvc flag set`, `delete`, `archive` and `rollback`. */
import { type FeatureFlag, FeatureFlagUpdate } from '@quantivista/contracts';
import { UsageError } from '../../fault.ts';
import type { Reply } from '../../http.ts';
import { type Context, present } from '../context.ts';
import { showPropagation, withPropagation } from '../waited.ts';
import { showState } from './show-flag.ts';

interface Change {
  readonly reason?: string;
  /** Seconds to wait for the regions. */
  readonly wait?: number;
}

export interface SetFlagOptions extends Change {
  readonly enable?: boolean;
  readonly disable?: boolean;
  readonly rollout?: number;
  /** Separated by commas; empty: all. */
  readonly services?: string;
  /** JSON. */
  readonly conditions?: string;
  readonly description?: string;
  /** JSON of any fields of a FeatureFlagUpdate. */
  readonly update?: string;
}

export async function setFlag(context: Context, name: string, options: SetFlagOptions): Promise<void> {
  const update = {
    ...(options.update !== undefined && parseMap(options.update, '--update')),
    ...(options.enable && { enabled: true }),
    ...(options.disable && { enabled: false }),
    ...(options.rollout !== undefined && { rollout_percentage: options.rollout }),
    ...(options.services !== undefined && {
      target_services: options.services.split(',').flatMap(each => each.trim() || []),
    }),
    ...(options.conditions !== undefined && { conditions: parseMap(options.conditions, '--conditions') }),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.reason !== undefined && { reason: options.reason }),
  };
  const { error } = FeatureFlagUpdate.safeParse(update);
  const [issue] = error?.issues ?? [];
  if (issue) throw new UsageError([issue.path.join('.'), issue.message].filter(Boolean).join(': '));
  showChanged(context, await context.api.flags.put(name, update, options.wait));
}

/** @throws UsageError */
export function parseMap(text: string, option: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {}
  throw new UsageError(`${option} is no JSON object`);
}

export async function archiveFlag(
  context: Context,
  name: string,
  { undo, reason, wait }: Change & { undo?: boolean },
): Promise<void> {
  // Read first: archiving a flag that is not there would make one.
  await context.api.flags.read(name);
  const update = { archived: undo ? null : true, ...(reason !== undefined && { reason }) };
  showChanged(context, await context.api.flags.put(name, update, wait));
}

function showChanged(context: Context, { body, revision, propagation }: Reply<FeatureFlag>): void {
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => [
    `${body.flag_name}: ${showState(body)} ${colors.dim(`(version ${body.version}, revision ${revision})`)}`,
    ...showPropagation(propagation, colors),
  ]);
}

export async function deleteFlag(context: Context, name: string, { reason, wait }: Change): Promise<void> {
  const { revision, propagation } = await context.api.flags.delete(name, reason, wait);
  const { colors } = context.terminal;
  const result = { flag_name: name, deleted: true, revision: revision ?? null };
  present(context, withPropagation(result, propagation), () => [
    `${name} deleted ${colors.dim(`(revision ${revision})`)}`,
    ...showPropagation(propagation, colors),
  ]);
}

export async function rollbackFlag(
  context: Context,
  name: string,
  version: number,
  { reason, wait }: Change,
): Promise<void> {
  const request = { version, ...(reason !== undefined && { reason }) };
  const { body, propagation } = await context.api.flags.rollback(name, request, wait);
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => {
    const state = body.flag ? showState(body.flag) : 'deleted';
    const how = `(version ${body.restored_version} restored as ${body.new_version}, revision ${body.revision})`;
    return [`${name}: ${state} ${colors.dim(how)}`, ...showPropagation(propagation, colors)];
  });
}
