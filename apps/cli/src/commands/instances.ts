/** `qvc instances`: who watches a service, and so would be told of a change. */
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { requireService } from './names.ts';

export async function instances(context: Context, service: string): Promise<void> {
  requireService(service);
  const { body } = await context.api.instances(service);
  const { colors } = context.terminal;
  present(context, body, () => {
    const rows = body.instances.map(({ instance_id, region, node_id, service_name }) => [
      printable(instance_id),
      region,
      node_id,
      service_name === '*' ? 'the whole environment' : service_name,
    ]);
    const counts = [
      body.watchers === 1 ? '1 stream' : `${body.watchers} streams`,
      ...(body.unnamed > 0 ? [`${body.unnamed} of clients without a name`] : []),
      ...(body.truncated ? ['not all names are known'] : []),
    ];
    const listed = rows.length > 0 ? table(['INSTANCE', 'REGION', 'NODE', 'WATCHES'], rows, colors) : [];
    return [...listed, colors.dim(counts.join(' · '))];
  });
}
