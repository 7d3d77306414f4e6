/** Reads one service after another from a node, one at a time, for as long as its process lives. */
import type { NodeLife, Read, Topic } from './history.ts';

export interface ReaderOptions {
  readonly node: string;
  readonly url: string;
  readonly token: string;
  readonly topics: readonly Topic[];
  /** Pause between reads. @default 50 */
  readonly pauseMs?: number;
}

export interface Reader {
  readonly lives: readonly NodeLife[];
  /** The process is about to end: what is answered from now on counts for no life, until {@link begin}. */
  end(): void;
  begin(): void;
  stop(): Promise<void>;
}

export function startReader({ node, url, token, topics, pauseMs = 50 }: ReaderOptions): Reader {
  const lives: (NodeLife & { reads: Read[] })[] = [];
  let current: Read[] | undefined;
  let stopped = false;

  const begin = () => {
    current = [];
    lives.push({ node, life: lives.length + 1, reads: current });
  };
  async function run(): Promise<void> {
    for (let at = 0; !stopped; at++) {
      const life = current;
      const read = await readService(url, token, topics[at % topics.length]!).catch(() => undefined);
      // An answer belongs to the life in which it was asked for, or to none.
      if (read && life && life === current) life.push(read);
      await new Promise(resolve => setTimeout(resolve, pauseMs));
    }
  }

  begin();
  const running = run();
  return {
    lives,
    begin,
    end: () => {
      current = undefined;
    },
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** One read of a service's map; `minRevision` makes the node wait for it. Throws unless it is answered with 200. */
export async function readService(
  url: string,
  token: string,
  topic: Topic,
  minRevision?: number,
): Promise<Read> {
  const wait = minRevision === undefined ? '' : `&min_revision=${minRevision}`;
  const response = await fetch(
    `${url}/api/v1/config/${topic.service}?environment=${topic.environment}${wait}`,
    {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    },
  );
  if (response.status !== 200) throw new Error(`a read answers ${response.status}: ${await response.text()}`);
  return {
    topic,
    generation: response.headers.get('x-config-generation')!,
    revision: Number(response.headers.get('x-config-revision')),
    map: (await response.json()) as Read['map'],
  };
}
