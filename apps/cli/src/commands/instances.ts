/** `qvc instances`: who watches a service, and so would be told of a change. */
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { requireService } from './names.ts';
import { SAID_HEADING, saidColumns } from './said.ts';

export async function instances(context: Context, service: string): Promise<void> {
  requireService(service);
  const { body } = await context.api.instances(service);
  const { colors } = context.terminal;
  present(context, body, () => {
    const rows = body.instances.map(instance => [
      printable(instance.instance_id),
      instance.region,
      instance.node_id,
      instance.service_name === '*' ? 'the whole environment' : instance.service_name,
      ...saidColumns(instance),
    ]);
    const counts = [
      body.watchers === 1 ? '1 stream' : `${body.watchers} streams`,
      ...(body.unnamed > 0 ? [`${body.unnamed} of clients without a name`] : []),
      ...(body.truncated ? ['not all names are known'] : []),
    ];
    const heading = ['INSTANCE', 'REGION', 'NODE', 'WATCHES', ...SAID_HEADING];
    const listed = rows.length > 0 ? table(heading, rows, colors) : [];
    return [...listed, colors.dim(counts.join(' · '))];
  });
}
