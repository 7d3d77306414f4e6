/** `qvc propagation`: how far a revision has come, node by node. */
import { printable } from '../show.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { showMs } from './waited.ts';

export async function propagation(context: Context, revision: number): Promise<void> {
  const { body } = await context.api.propagation(revision);
  const { colors } = context.terminal;
  present(context, body, () => {
    const rows = body.regions.flatMap(({ region, nodes }) =>
      nodes.map(node => [
        region,
        node.node_id,
        node.applied ? 'applied' : 'pending',
        showMs(node.applied_after_ms),
        String(node.acked),
        String(node.refused),
        printable((node.reasons ?? []).join('; ')),
      ]),
    );
    const heading = ['REGION', 'NODE', 'STATE', 'AFTER', 'ACKED', 'REFUSED', 'REASONS'];
    const { totals, behind } = body;
    const summary = [
      `${totals.regions_applied} of ${totals.regions} regions`,
      `${totals.nodes_applied} of ${totals.nodes} nodes`,
      ...(behind.length > 0 ? [`behind: ${behind.join(', ')}`] : []),
    ].join(' · ');
    return [...(rows.length > 0 ? table(heading, rows, colors) : []), colors.dim(summary)];
  });
}
