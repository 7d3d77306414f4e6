/** `qvc segment`: conditions with a name, for any number of flags. */
import { printable, showShort } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { parseMap } from './flag/change.ts';
import { fieldLines } from './flag/show-flag.ts';
import { showPropagation, withPropagation } from './waited.ts';

export async function listSegments(context: Context): Promise<void> {
  const segments = await context.api.flags.segments();
  const { colors } = context.terminal;
  present(context, segments, () => {
    if (segments.length === 0) return [colors.dim('no segments')];
    const rows = segments.map(({ segment_name, conditions, description }) => [
      segment_name,
      showShort(conditions),
      printable(description),
    ]);
    return table(['SEGMENT', 'CONDITIONS', 'DESCRIPTION'], rows, colors);
  });
}

export async function getSegment(context: Context, name: string): Promise<void> {
  const { body } = await context.api.flags.readSegment(name);
  present(context, body, () => fieldLines(body, context.terminal.colors));
}

export interface SetSegmentOptions {
  readonly description?: string;
  readonly reason?: string;
  readonly wait?: number;
}

export async function setSegment(
  context: Context,
  name: string,
  conditions: string,
  { wait, ...options }: SetSegmentOptions,
): Promise<void> {
  const update = { conditions: parseMap(conditions, 'conditions'), ...options };
  const { body, revision, propagation } = await context.api.flags.putSegment(name, update, wait);
  const { colors } = context.terminal;
  present(context, withPropagation(body, propagation), () => [
    `${name} = ${showShort(body.conditions)} ${colors.dim(`(version ${body.version}, revision ${revision})`)}`,
    ...showPropagation(propagation, colors),
  ]);
}

export async function deleteSegment(
  context: Context,
  name: string,
  { reason, wait }: { reason?: string; wait?: number },
): Promise<void> {
  const { revision, propagation } = await context.api.flags.deleteSegment(name, reason, wait);
  const { colors } = context.terminal;
  const result = { segment_name: name, deleted: true, revision: revision ?? null };
  present(context, withPropagation(result, propagation), () => [
    `${name} deleted ${colors.dim(`(revision ${revision})`)}`,
    ...showPropagation(propagation, colors),
  ]);
}
