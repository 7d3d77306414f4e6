/** I8 of the feed between nodes: a child that does not read costs its parent little, and nobody else anything. */
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';

const MAX_CHILDREN = 40;
const HISTORY_LENGTH = 10;
const VALUE_LENGTH = 500_000;
const VALUES = 40;

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: ['core'],
    runtime: ['bun', 'node'],
    nodeEnv: { MAX_CHILDREN: String(MAX_CHILDREN), HISTORY_LENGTH: String(HISTORY_LENGTH) },
  });
  await putLarge(VALUES);
});
afterAll(() => network.stop());

/** Answers the last revision, once every node has it. */
async function putLarge(count: number): Promise<number> {
  let revision = 0;
  for (let index = 0; index < count; index++) {
    const value = String.fromCharCode(97 + (index % 26)).repeat(VALUE_LENGTH);
    const put = await network.api(network.authority).put('large', `key${index}`, value);
    expect(put.status).toBe(200);
    revision = put.revision;
  }
  for (const node of network.serving) {
    const api = network.api(node);
    await until(async () => Number((await api.status()).body.revision) >= revision, { what: node.name });
  }
  return revision;
}

const childrenOf = async (node: Component) => Number((await network.api(node).status()).body.children);
const residentMb = ({ pid }: Component) =>
  (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096) / 1e6;

/** A client that asks and then reads nothing, until it is told to. */
function ask(node: Component, path: string) {
  const request = get(`${node.url}/api/v1/feed${path}`, { agent: false });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  return {
    leave: () => request.destroy(),
    readAll: async (): Promise<FeedLine[]> => {
      const pieces = await (await response).toArray();
      const lines = Buffer.concat(pieces).toString().trimEnd().split('\n');
      return lines.map(line => JSON.parse(line));
    },
  };
}

interface FeedLine {
  readonly revision?: number;
  readonly changes?: readonly object[];
  readonly end?: string;
}

describe.each([0, 1])('at the node of index %i (Bun, Node)', index => {
  const node = () => network.serving[index]!;

  test('many that do not read a snapshot cost less than one snapshot each; too many are refused', async () => {
    const before = residentMb(node());
    const slow = Array.from({ length: MAX_CHILDREN }, () => ask(node(), '/snapshot'));
    await until(async () => (await childrenOf(node())) === MAX_CHILDREN, { what: 'all to be children' });
    const refused = await network.api(node()).request('GET', '/api/v1/feed/snapshot');
    expect([refused.status, refused.problem.type]).toEqual([503, 'urn:quantivista:problem:overloaded']);
    expect(refused.headers.get('retry-after')).toBeTruthy();
    // Reads go on.
    expect((await network.api(node()).get('large', 'key0')).status).toBe(200);
    const wholeMb = (MAX_CHILDREN * VALUES * VALUE_LENGTH) / 1e6;
    expect(residentMb(node()) - before).toBeLessThan(wholeMb / 4);
    for (const { leave } of slow) leave();
    await until(async () => (await childrenOf(node())) === 0, { what: 'all to be let go of' });
  });

  test('one that the history has passed is told so when it reads on, and never sent a gap', async () => {
    const { generation, revision } = (await network.api(node()).status()).body;
    const slow = ask(node(), `/changes?since=${generation}:${revision}`);
    await until(async () => (await childrenOf(node())) === 1, { what: 'it to be a child' });
    await putLarge(VALUES);
    const lines = await slow.readAll();
    expect(lines.at(-1)).toEqual({ end: 'compacted' });
    const told = lines.flatMap(line => (line.changes && line.changes.length > 1 ? [line.revision!] : []));
    expect(told.length).toBeLessThan(VALUES);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });
});
