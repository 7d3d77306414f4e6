/** `qvc nodes`: the regions and their nodes, as the centre knows them. */
import { table } from '../table.ts';
import { type Context, present } from './context.ts';

export async function nodes(context: Context): Promise<void> {
  const { body } = await context.api.regions();
  const { colors } = context.terminal;
  present(context, body, () => {
    if (body.regions.length === 0) return [colors.dim('no live regions')];
    const rows = body.regions.flatMap(({ region, parent, state, nodes }) => {
      const name = parent === undefined ? region : `${region} (from ${parent})`;
      if (nodes.length === 0) return [[name, '(no nodes)', state, '–', '–', '']];
      return nodes.map(node => [
        name,
        node.node_id,
        node.state,
        String(node.revision ?? '–'),
        String(node.watchers),
        node.runtime,
      ]);
    });
    return table(['REGION', 'NODE', 'STATE', 'REVISION', 'WATCHERS', 'RUNTIME'], rows, colors);
  });
}
