/** How a revision fared at the clients that it concerns, one by one, by what the regions report. Pure. */
import type {
  Bookmark,
  ClientPropagation,
  ClientState,
  ClientsQuery,
  ClientWord,
  NodeReport,
  Propagation,
  RegionReport,
} from '@quantivista/contracts';
import { includes } from './propagation.ts';

/** What an instance said, as answers tell it. */
export const told = (word: ClientWord | null | undefined) => ({
  acked_revision: word?.acked ?? null,
  ...(word?.refused !== undefined && {
    refused: { revision: word.refused, ...(word.reason !== undefined && { reason: word.reason }) },
  }),
});

/** Of all regions together: one that holds some environments alone knows those alone. */
function topicsOf(reports: readonly RegionReport[], { generation, revision }: Bookmark): string[] | null {
  const known = reports
    .filter(report => report.nodes.some(node => node.generation === generation))
    .map(report => report.topics?.[revision])
    .filter(topics => topics !== undefined);
  return known.length > 0 ? [...new Set(known.flat())].sort() : null;
}

/** Whether those who watch a topic are told of a change of `topics`. */
function concernedBy(topics: readonly string[]): (topic: string) => boolean {
  const changed = new Set(topics);
  const everyService = (topic: string) => `${topic.split('/')[0]}/*`;
  const environments = new Set(topics.map(everyService));
  return topic => changed.has(topic) || environments.has(topic) || changed.has(everyService(topic));
}

function stateOf(word: ClientWord | null, node: NodeReport, of: Bookmark): ClientState {
  const { acked = -1, refused = -1 } = word ?? {};
  const { revision } = of;
  if (refused === revision || (refused > revision && acked < revision)) return 'refused';
  if (acked >= revision) return 'applied';
  return includes(node, of) ? 'held' : 'pending';
}

const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** By region, node, topic and name: an order in which pages follow each other whoever comes and goes. */
function* clientsOf(
  reports: readonly RegionReport[],
  of: Bookmark,
  isConcerned: (topic: string) => boolean,
  isWanted: (client: ClientPropagation) => boolean,
): Generator<ClientPropagation> {
  for (const { region, nodes } of reports.toSorted((a, b) => byText(a.region, b.region))) {
    for (const node of nodes.toSorted((a, b) => byText(a.node_id, b.node_id))) {
      const { node_id, audiences } = node;
      // Revisions of another life of the store are no answer to this one's.
      const isOfLife = node.generation === of.generation;
      for (const topic of Object.keys(audiences).filter(isConcerned).sort()) {
        const [environment, service_name] = topic.split('/') as [ClientPropagation['environment'], string];
        const { instance_ids, words } = audiences[topic]!;
        const clients = instance_ids.map((instance_id, index): ClientPropagation => {
          const word = (isOfLife && words?.[index]) || null;
          const state = stateOf(word, node, of);
          return { instance_id, region, node_id, environment, service_name, state, ...told(word) };
        });
        yield* clients.filter(isWanted).sort((a, b) => byText(a.instance_id, b.instance_id));
      }
    }
  }
}

/** Where a client stands in the order of all. */
export type Position = readonly string[];
const positionOf = (client: ClientPropagation): Position => [
  client.region,
  client.node_id,
  `${client.environment}/${client.service_name}`,
  client.instance_id,
];

function isAfter(position: Position, other: Position): boolean {
  const at = position.findIndex((part, index) => part !== other[index]);
  return at >= 0 && position[at]! > other[at]!;
}

const formatCursor = (position: Position): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** What `next_cursor` says; `undefined` for any other text. */
export function parseCursor(text: string): Position | undefined {
  try {
    const position: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const isPosition = Array.isArray(position) && position.length === 4;
    return isPosition && position.every(part => typeof part === 'string') ? position : undefined;
  } catch {
    return undefined;
  }
}

/** A page of the clients that a revision concerns: those after a position, where one is given. */
export function clientsPageOf(
  reports: readonly RegionReport[],
  of: Bookmark,
  query: Omit<ClientsQuery, 'cursor'>,
  after?: Position,
): Pick<Propagation, 'topics' | 'instances' | 'next_cursor' | 'truncated'> {
  const asked = reports.filter(({ region }) => query.region === undefined || region === query.region);
  const truncated = asked.some(report => report.truncated);
  const topics = topicsOf(reports, of);
  const left = asked.filter(({ region }) => !after || region >= after[0]!);
  const isWanted = (client: ClientPropagation) =>
    (query.node_id === undefined || client.node_id === query.node_id) &&
    (query.state === undefined || client.state === query.state) &&
    (!after || isAfter(positionOf(client), after));
  const instances: ClientPropagation[] = [];
  for (const client of clientsOf(left, of, concernedBy(topics ?? []), isWanted)) {
    if (instances.length === query.limit) {
      return { topics, instances, next_cursor: formatCursor(positionOf(instances.at(-1)!)), truncated };
    }
    instances.push(client);
  }
  return { topics, instances, truncated };
}
