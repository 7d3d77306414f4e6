/**
 * Flags evaluated by a node over HTTP, beside plain reads of the same node in the same run: server and load have a
 * core each. What counts is what a request takes of the server's core, whatever else the machine does.
 */

import type { Runtime } from '../../infra/stack/programs.ts';
import { createApi } from '../harness/api.ts';
import { type TestNetwork, withNetwork } from '../harness/network.ts';
import { CONTEXTS, KINDS } from './flags.ts';
import { cpuMs } from './process-usage.ts';
import { pin, type RequestProcess, startRequests } from './request-load.ts';

const ROUNDS = 5;
const CONNECTIONS = 32;
const FLAGS = 200;
const FLAGS_PATH = '/ofrep/v1/evaluate/flags';

const list = (count: number, item: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => item(n)).join();
/** Contexts that take as long as any can. */
const LARGE: Readonly<Record<string, string>> = {
  'a context of text': `{"context":{"a":"${'x'.repeat(1_000_000)}"}}`,
  'one of as many names as it may have': `{"context":{"a":"${'x'.repeat(16_384)}",${list(2_990, n => `"name-${n}":${n}`)}}}`,
  'one of too many names': `{"context":{${list(60_000, n => `"name-${n}":1`)}}}`,
  'one of too many levels': `{"context":{"a":${'['.repeat(500_000)}}`,
};

/** All of it is one caller's. */
const UNLIMITED = { CALLER_REQUESTS_PER_S: '1000000' };

interface Rate {
  /** Requests a second. */
  readonly seen: number;
  /** Requests a second of the server's CPU. */
  readonly ofCore: number;
  /** CPU time of one, its reading included: nobody waits for longer. */
  readonly heldMs: number;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

export async function benchOfrep(runtime: Runtime, ms: number): Promise<void> {
  await withNetwork(
    { runtime, regionNames: ['only'], nodeRoles: ['feed,serve'], reads: 'token', nodeEnv: UNLIMITED },
    async network => {
      await fill(network);
      const node = network.serving[0]!;
      pin(node.pid!, 0);
      const requests = requestsOf(network.token);
      const load = startRequests({ port: node.port, connections: CONNECTIONS, requests }, 1);
      try {
        const kinds = Object.keys(requests).filter(kind => !(kind in LARGE));
        const rates = new Map(kinds.map(kind => [kind, [] as Rate[]]));
        for (const kind of kinds) await rate(load, node.pid!, kind, ms);
        // In turn, so that whatever else the machine does meets all of them.
        for (let round = 0; round < ROUNDS; round++)
          for (const kind of kinds) rates.get(kind)!.push(await rate(load, node.pid!, kind, ms));
        report(runtime, rates);
        for (const [kind, body] of Object.entries(LARGE)) {
          const { heldMs } = await rate(load, node.pid!, kind, ms);
          const size = `${kind} (${(body.length / 1_024).toFixed(0)} kB)`;
          console.log(`  ${size.padEnd(34)} takes ${heldMs.toFixed(2)} ms of the core (under 10)`);
        }
      } finally {
        load.stop();
      }
    },
  );
}

async function fill(network: TestNetwork): Promise<void> {
  const authority = createApi({ url: network.authority.url, token: network.token });
  await authority.put('shop', 'limits', { currency: 'EUR', text: 'x'.repeat(200) });
  const kinds = Object.values(KINDS);
  for (let from = 0; from < FLAGS; from += 100) {
    const flags = Array.from({ length: 100 }, (_, index) => ({
      flag_name: `flag_${from + index}`,
      enabled: true,
      rollout_percentage: 100,
      ...kinds[(from + index) % kinds.length],
    }));
    const { status } = await authority.request('POST', '/api/v1/flags/batch', { body: { flags } });
    if (status !== 200) throw new Error(`the flags were answered ${status}`);
  }
  const { revision } = await authority.put('shop', 'last', 1);
  const node = createApi({ url: network.serving[0]!.url, token: network.token });
  await node.get('shop', 'last', { query: { min_revision: revision } });
}

function requestsOf(token: string): Record<string, string[]> {
  const head = `host: node\r\nauthorization: Bearer ${token}\r\naccept: */*\r\n`;
  const post = (path: string, body: string) =>
    `POST ${path} HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const contexts = CONTEXTS.map(context => JSON.stringify({ context }));
  return {
    'plain read': [`GET /api/v1/config/shop/limits?environment=PRODUCTION HTTP/1.1\r\n${head}\r\n`],
    'one flag': contexts.map((body, index) => post(`${FLAGS_PATH}/flag_${(index * 7) % FLAGS}`, body)),
    [`all ${FLAGS} flags`]: contexts.map(body => post(FLAGS_PATH, body)),
    ...Object.fromEntries(Object.entries(LARGE).map(([kind, body]) => [kind, [post(FLAGS_PATH, body)]])),
  };
}

async function rate(load: RequestProcess, pid: number, kind: string, ms: number): Promise<Rate> {
  const before = cpuMs(pid);
  const { answered, failed, ms: took } = await load.run(kind, ms);
  if (failed > 0 && !(kind in LARGE)) throw new Error(`${failed} of ${answered} were not answered: ${kind}`);
  const usedMs = cpuMs(pid) - before;
  return { seen: (answered / took) * 1_000, ofCore: (answered / usedMs) * 1_000, heldMs: usedMs / answered };
}

function report(runtime: Runtime, rates: ReadonlyMap<string, Rate[]>): void {
  const of = (kind: string, unit: keyof Rate) => median(rates.get(kind)!.map(each => each[unit]));
  console.log(`${runtime}: requests a second, medians of ${ROUNDS}; of a core: by CPU time of the node`);
  for (const kind of rates.keys()) {
    const [seen, ofCore] = [of(kind, 'seen'), of(kind, 'ofCore')];
    const ratio = (unit: keyof Rate) => (of(kind, unit) / of('plain read', unit)).toFixed(2);
    console.log(
      `  ${kind.padEnd(16)} ${seen.toFixed(0).padStart(7)}/s (${ratio('seen')} × plain read)` +
        `   ${ofCore.toFixed(0).padStart(7)}/s of a core (${ratio('ofCore')} ×)`,
    );
  }
  console.log(
    `  one flag: ${(of('one flag', 'ofCore') / of('plain read', 'ofCore')).toFixed(2)} × a plain read (at least 0.5)`,
  );
}
