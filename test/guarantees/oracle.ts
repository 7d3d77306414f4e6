/**
 * The store's own account of itself, over etcd's JSON gateway: it shares no code with the product, neither
 * client nor grouping of events.
 */
import { askEtcd, base64 } from '../harness/etcd-gateway.ts';
import type { StoreRevision } from './history.ts';

const text = (encoded: string | undefined): string => Buffer.from(encoded ?? '', 'base64').toString();

/** Everything that the product distributes. */
const RANGE = { key: base64('/quantivista/'), range_end: base64('/quantivista0') };

interface WireEvent {
  readonly type?: 'DELETE';
  readonly kv: { readonly key: string; readonly value?: string; readonly mod_revision: string };
}
interface WireWatch {
  readonly result?: { readonly events?: readonly WireEvent[]; readonly canceled?: boolean };
  readonly error?: unknown;
}

/** The store's present revision. */
export async function storeRevision(url: string): Promise<number> {
  const answer = await askEtcd(url, '/v3/kv/range', { ...RANGE, count_only: true });
  const { header } = (await answer.json()) as { header: { revision: string } };
  return Number(header.revision);
}

/** Of the newest put in the distributed range: every transaction of the product puts something there. */
async function newestPut(url: string): Promise<number> {
  const newest = { sort_target: 'MOD', sort_order: 'DESCEND', limit: '1', keys_only: true };
  const answer = await askEtcd(url, '/v3/kv/range', { ...RANGE, ...newest });
  const { kvs = [] } = (await answer.json()) as { kvs?: { mod_revision: string }[] };
  return Number(kvs[0]?.mod_revision ?? 0);
}

/** Every revision of the distributed range from the first on, or from `from`, up to the newest at least. */
export async function readStore(url: string, from = 1): Promise<StoreRevision[]> {
  const target = await newestPut(url);
  const revisions: StoreRevision[] = [];
  if (target < from) return revisions;
  for await (const told of tellStore(url, from)) {
    revisions.push(...told);
    if (told.at(-1)!.revision >= target) return revisions;
  }
  throw new Error('etcd ended the watch');
}

/**
 * The revisions of the distributed range from `from` on, as etcd tells them: each whole, none twice. Ends when
 * etcd does.
 * @throws where the connection breaks, or the revisions are not held any more
 */
export async function* tellStore(url: string, from: number): AsyncGenerator<StoreRevision[]> {
  const stop = new AbortController();
  const asked = { create_request: { ...RANGE, start_revision: from } };
  const answer = await askEtcd(url, '/v3/watch', asked, stop.signal);
  try {
    for await (const { result, error } of lines(answer.body!)) {
      if (error || result?.canceled)
        throw new Error(`etcd does not tell its history: ${JSON.stringify(error ?? result)}`);
      const byRevision = Map.groupBy(result?.events ?? [], ({ kv }) => Number(kv.mod_revision));
      const revisions = [...byRevision].map(([revision, events]) => ({
        revision,
        changes: events.map(({ type, kv }) => ({
          key: text(kv.key),
          value: type === 'DELETE' ? undefined : text(kv.value),
        })),
      }));
      if (revisions.length > 0) yield revisions;
    }
  } finally {
    stop.abort();
  }
}

/** Forget everything before `revision`, as if it had been long ago. */
export async function compactStore(url: string, revision: number): Promise<void> {
  await askEtcd(url, '/v3/kv/compaction', { revision: String(revision) });
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<WireWatch> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    for (const part of parts) if (part !== '') yield JSON.parse(part) as WireWatch;
  }
}
