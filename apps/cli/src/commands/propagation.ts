/** `qvc propagation`: how far a revision has come, node by node, or client by client. */
import { type ClientState, MAX_CLIENTS, type Propagation } from '@quantivista/contracts';
import type { Api } from '../api.ts';
import { printable } from '../show.ts';
import { table } from '../table.ts';
import type { Colors } from '../terminal.ts';
import { type Context, present } from './context.ts';
import { SAID_HEADING, saidColumns } from './said.ts';
import { showMs } from './waited.ts';

export interface PropagationOptions {
  /** Show the clients: all, or those in one state. */
  readonly clients?: true | ClientState;
}

export async function propagation(
  context: Context,
  revision: number,
  { clients }: PropagationOptions,
): Promise<void> {
  const body = clients
    ? await withAllClients(context.api, revision, clients)
    : (await context.api.propagation(revision)).body;
  const { colors } = context.terminal;
  present(context, body, () => (clients ? showClients(body, colors) : showNodes(body, colors)));
}

/** The answer with every page of its clients. */
async function withAllClients(api: Api, revision: number, clients: true | ClientState): Promise<Propagation> {
  const page = { limit: MAX_CLIENTS, ...(clients !== true && { state: clients }) };
  const { next_cursor, ...body } = (await api.propagation(revision, page)).body;
  const instances = [...body.instances];
  for (let cursor = next_cursor; cursor !== undefined; ) {
    const next = (await api.propagation(revision, { ...page, cursor })).body;
    instances.push(...next.instances);
    cursor = next.next_cursor;
  }
  return { ...body, instances };
}

function showNodes({ regions, totals, behind }: Propagation, colors: Colors): string[] {
  const rows = regions.flatMap(({ region, nodes }) =>
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
  const summary = [
    `${totals.regions_applied} of ${totals.regions} regions`,
    `${totals.nodes_applied} of ${totals.nodes} nodes`,
    ...(behind.length > 0 ? [`behind: ${behind.join(', ')}`] : []),
  ].join(' · ');
  return [...(rows.length > 0 ? table(heading, rows, colors) : []), colors.dim(summary)];
}

function showClients({ topics, instances, truncated }: Propagation, colors: Colors): string[] {
  if (!topics) return [colors.dim('no node knows any more whom the revision concerned')];
  const rows = instances.map(client => [
    printable(client.instance_id),
    client.region,
    client.node_id,
    `${client.environment}/${client.service_name}`,
    client.state,
    ...saidColumns(client),
  ]);
  const heading = ['INSTANCE', 'REGION', 'NODE', 'WATCHES', 'STATE', ...SAID_HEADING];
  const summary = [
    rows.length === 1 ? '1 client' : `${rows.length} clients`,
    `changed: ${topics.join(', ') || 'no configuration'}`,
    ...(truncated ? ['not all names are known'] : []),
  ].join(' · ');
  return [...(rows.length > 0 ? table(heading, rows, colors) : []), colors.dim(summary)];
}
