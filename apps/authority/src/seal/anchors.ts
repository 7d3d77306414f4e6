/** The ends of the chains as etcd knows them: what is cut off in Postgres is missed here. */
import type { ChainHead } from '@quantivista/audit';
import { AUDIT_CHAINS, AuditAnchor, auditAnchorKey, GENERATION_KEY } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';

export interface Anchors {
  /** The store as it was when the anchors were read. */
  readonly generation: string | undefined;
  readonly revision: number;
  /** By chain; those that can't be read stand as ones that no chain holds. */
  readonly heads: ReadonlyMap<string, ChainHead>;
  readonly modRevisions: ReadonlyMap<string, number>;
}

/** An anchor that was overwritten with something else is as good as one of another chain. */
function parseAnchor(value: string): ChainHead {
  try {
    const { sequence, hash } = AuditAnchor.parse(JSON.parse(value));
    return { sequence, hash };
  } catch {
    return { sequence: Number.MAX_SAFE_INTEGER, hash: 'unreadable' };
  }
}

/** @throws ServiceError `store_unavailable` */
export async function readAnchors(etcd: Etcd): Promise<Anchors> {
  const { revision, entries } = await etcd.read([GENERATION_KEY, ...AUDIT_CHAINS.map(auditAnchorKey)]);
  const [generation, ...held] = entries;
  const heads = new Map<string, ChainHead>();
  const modRevisions = new Map<string, number>();
  for (const [index, entry] of held.entries()) {
    if (!entry) continue;
    heads.set(AUDIT_CHAINS[index]!, parseAnchor(entry.value));
    modRevisions.set(AUDIT_CHAINS[index]!, entry.modRevision);
  }
  return { generation: generation?.value, revision, heads, modRevisions };
}

/**
 * Put the heads that are not anchored yet. Only over the anchors that were read: another that has sealed
 * more meanwhile has put later ones, which must stay.
 */
export async function putAnchors(
  etcd: Etcd,
  before: Anchors,
  heads: ReadonlyMap<string, ChainHead>,
): Promise<void> {
  const changed = AUDIT_CHAINS.filter(chain => {
    const head = heads.get(chain);
    return head && head.sequence !== before.heads.get(chain)?.sequence;
  });
  if (changed.length === 0) return;
  await etcd.txn({
    compare: [
      { key: GENERATION_KEY, target: 'value', is: before.generation! },
      ...changed.map(chain => ({
        key: auditAnchorKey(chain),
        target: 'mod' as const,
        is: before.modRevisions.get(chain) ?? 0,
      })),
    ],
    success: changed.map(chain => ({
      op: 'put',
      key: auditAnchorKey(chain),
      value: JSON.stringify({ environment: chain, ...heads.get(chain)! } satisfies AuditAnchor),
    })),
  });
}
