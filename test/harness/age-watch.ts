/** What nodes say of the age of their state, again and again, and whether that can be true (I4, I5). */
import { setTimeout as pause } from 'node:timers/promises';
import type { Component } from '../../infra/stack/component.ts';

/** One answer to a read. Times are `performance.now()`. */
export interface AgeSample {
  readonly node: string;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly status: number;
  readonly generation: string | null;
  readonly revision: number;
  /** As reported; Infinity where the node does not know. */
  readonly ageMs: number;
  readonly state: string | null;
}

/** An acknowledged change: it was committed somewhere between the two times. */
export interface TimedCommit {
  readonly revision: number;
  readonly sentAt: number;
  readonly answeredAt: number;
}

export interface AgeWatch {
  readonly samples: readonly AgeSample[];
  /** Answers of `/readyz` other than 200. A node that does not answer at all is not among them. */
  readonly unready: readonly { readonly node: string; readonly status: number }[];
  stop(): Promise<void>;
}

export interface AgeWatchOptions {
  readonly nodes: readonly Component[];
  readonly token: string;
  /** The service that is read. */
  readonly service: string;
  /** @default 40 */
  readonly restMs?: number;
}

export function watchAges({ nodes, token, service, restMs = 40 }: AgeWatchOptions): AgeWatch {
  const samples: AgeSample[] = [];
  const unready: { node: string; status: number }[] = [];
  let stopped = false;

  async function sample({ name, url }: Component): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    const askedAt = performance.now();
    const answer = await fetch(`${url}/api/v1/config/${service}?environment=PRODUCTION`, {
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
    const answeredAt = performance.now();
    await answer.arrayBuffer();
    const reported = answer.headers.get('x-config-age');
    samples.push({
      node: name,
      askedAt,
      answeredAt,
      status: answer.status,
      generation: answer.headers.get('x-config-generation'),
      revision: Number(answer.headers.get('x-config-revision')),
      ageMs: reported === 'unknown' ? Number.POSITIVE_INFINITY : Number(reported) * 1_000,
      state: answer.headers.get('x-config-state'),
    });
    const { status } = await fetch(`${url}/readyz`, { signal });
    if (status !== 200) unready.push({ node: name, status });
  }
  const running = nodes.map(async node => {
    while (!stopped) {
      // One that is down says nothing, neither that it is ready nor that it is not.
      await sample(node).catch(() => {});
      await pause(restMs);
    }
  });
  return {
    samples,
    unready,
    stop: async () => {
      stopped = true;
      await Promise.all(running);
    },
  };
}

export interface AgeError {
  /** How much the reported age falls short of the true one, at least; below 0 where it does not. */
  readonly shortMs: number;
  /** How much it exceeds the true one, at most. */
  readonly excessMs: number;
}

/**
 * A reported age against the true one: the time since the oldest change was committed that the state
 * lacks, 0 where it lacks none. Both are known as well as the commits are: `commits` are all of the
 * sample's generation that were acknowledged.
 */
export function ageErrors(samples: readonly AgeSample[], commits: readonly TimedCommit[]): AgeError[] {
  const sorted = commits.toSorted((a, b) => a.revision - b.revision);
  // Earliest acknowledgement of this commit and all after it: what is acknowledged is committed.
  const known = new Float64Array(sorted.length + 1).fill(Number.POSITIVE_INFINITY);
  for (let at = sorted.length - 1; at >= 0; at--)
    known[at] = Math.min(known[at + 1]!, sorted[at]!.answeredAt);
  return samples.map(({ revision, askedAt, answeredAt, ageMs }) => {
    const lacked = known[sorted.findLastIndex(commit => commit.revision <= revision) + 1]!;
    return {
      shortMs: Math.max(0, askedAt - lacked) - ageMs,
      excessMs: ageMs - Math.max(0, answeredAt - lacked),
    };
  });
}
