/**
 * Asks a node again and again: whether it is ready, and for one service after another. I4: while it is not
 * itself the one that was struck, it is ready and answers, whatever else is down.
 */
import type { Component } from '../../../infra/stack/component.ts';
import type { Topic } from '../history.ts';
import type { Violation } from '../violation.ts';
import type { Served } from './served.ts';

export interface ProbeOptions {
  readonly node: Component;
  readonly token: string;
  readonly topics: readonly Topic[];
  readonly served: Served;
  readonly report: (violation: Violation) => void;
}

export interface Probe {
  /** Reads answered. */
  readonly reads: number;
  /** Ask nothing of it, and believe nothing that is under way: it is being struck. */
  suspend(): void;
  /** @param isNew whether it is another process than before */
  resume(isNew: boolean): void;
  stop(): Promise<void>;
}

const PAUSE_MS = 100;
/** Far more than a busy machine needs. */
const TIMEOUT_MS = 10_000;

export function startProbe({ node, token, topics, served, report }: ProbeOptions): Probe {
  const { name, url } = node;
  const authorization = `Bearer ${token}`;
  let reads = 0;
  /** Counts on at every fault of the node: an answer that was asked for before one is worth nothing. */
  let spell = 0;
  let suspended = false;
  let stopped = false;

  async function ask(path: string): Promise<Response> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url + path, { headers: { authorization }, signal });
    if (!response.ok) throw new Error(`answers ${response.status}: ${(await response.text()).slice(0, 300)}`);
    return response;
  }

  async function read(topic: Topic): Promise<() => void> {
    const askedAt = performance.now();
    const response = await ask(`/api/v1/config/${topic.service}?environment=${topic.environment}`);
    const { headers } = response;
    const map = (await response.json()) as Record<string, never>;
    const generation = headers.get('x-config-generation')!;
    const revision = Number(headers.get('x-config-revision'));
    const seconds = Number(headers.get('x-config-age'));
    const ageMs = Number.isNaN(seconds) ? Number.POSITIVE_INFINITY : seconds * 1_000;
    return () => served.read(name, { topic, generation, revision, map, askedAt, ageMs });
  }

  async function run(): Promise<void> {
    for (let at = 0; !stopped; at++) {
      const current = spell;
      if (!suspended) {
        const topic = topics[at % topics.length]!;
        try {
          await (await ask('/readyz')).text();
          const judge = await read(topic);
          if (current === spell) {
            judge();
            reads++;
          }
        } catch (error) {
          const what = `${error instanceof Error ? error.message : error}`;
          if (current === spell && !stopped) report({ guarantee: 'Ready', what, where: name });
        }
      }
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
  }
  const running = run();

  return {
    get reads() {
      return reads;
    },
    suspend: () => {
      spell++;
      suspended = true;
    },
    resume: isNew => {
      if (isNew) served.begin(name);
      suspended = false;
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
