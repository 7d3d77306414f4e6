/** What regions report, at revision 10. */
import type { ClientWord, NodeReport, RegionReport } from '@quantivista/contracts';

export const GENERATION = '11111111-1111-4111-8111-111111111111';

/** By instance, what it said last. */
export const audience = (words: Record<string, ClientWord | null>) => ({
  instance_ids: Object.keys(words),
  words: Object.values(words),
  watchers: Object.keys(words).length,
  unnamed: 0,
});
export const node = (
  node_id: string,
  audiences: NodeReport['audiences'] = {},
  more: Partial<NodeReport> = {},
): NodeReport => ({
  node_id,
  runtime: 'node 26',
  generation: GENERATION,
  revision: 10,
  state: 'FRESH',
  watchers: 0,
  audiences,
  receipts: [],
  ...more,
});
export const region = (
  name: string,
  nodes: NodeReport[],
  more: Partial<RegionReport> = {},
): RegionReport => ({
  region: name,
  reporter: 'a',
  at: 1_000,
  generation: GENERATION,
  revision: 10,
  nodes,
  truncated: false,
  ...more,
});
