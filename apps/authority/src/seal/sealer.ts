/**
 * Seals the trail behind the writes, which so pay nothing for it: what is settled gets its place in the chain of
 * its environment, then the chain's end is put into etcd. Crashed between the two, the anchor is an older place
 * of the same chain, and the next round puts the newest.
 */
import type { Audit, Evidence } from '@quantivista/audit';
import { AUDIT_CHAINS } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { type FaultPoint, type Log, pause } from '@quantivista/runtime';
import { type Anchors, putAnchors, readAnchors } from './anchors.ts';

export interface SealerOptions {
  readonly etcd: Etcd;
  readonly audit: Pick<Audit, 'settledRevision'>;
  readonly evidence: Evidence;
  readonly log: Log;
  /** Two may seal: one finds the other at it and waits. */
  readonly leadership: { readonly leading: boolean };
  readonly intervalMs: number;
  readonly faultPoint: FaultPoint;
}

export interface Sealer {
  /** Rows sealed by this process. */
  readonly sealed: number;
  /** Revision up to which the trail was last sealed. */
  readonly revision: number;
  /** Chains that lack their anchor: nothing is sealed there. */
  readonly broken: readonly string[];
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** How often what is left of earlier generations is looked for. */
const EARLIER_INTERVAL_MS = 10_000;

export function createSealer(options: SealerOptions): Sealer {
  const { etcd, audit, evidence, log, leadership, intervalMs, faultPoint } = options;
  let sealed = 0;
  let sealedRevision = 0;
  let broken: readonly string[] = [];
  let earlierAt = Number.NEGATIVE_INFINITY;

  /**
   * Seal one generation up to where it is settled; answers whether there is more to do.
   * @param anchors read before: they are older than the chain, and the store's revision than the work list
   */
  async function sealGeneration(generation: string, anchors: Anchors): Promise<boolean> {
    const present = anchors.generation === generation;
    const upTo = await audit.settledRevision(
      generation,
      present ? anchors.revision : Number.MAX_SAFE_INTEGER,
    );
    const result = await evidence.seal({
      generation,
      upTo,
      anchors: anchors.heads,
      environments: AUDIT_CHAINS,
    });
    if (!result) return false;
    if (result.rows > 0) faultPoint('seal.after_chain');
    sealed += result.rows;
    if (present && !result.more) sealedRevision = upTo;
    await report(result.broken, generation, anchors.revision);
    if (anchors.generation !== undefined) await putAnchors(etcd, anchors, result.heads);
    return result.more;
  }

  async function report(found: readonly string[], generation: string, revision: number): Promise<void> {
    for (const chain of found.filter(each => !broken.includes(each))) {
      const details = {
        message: 'the chain does not hold what etcd knows as its end: it is not sealed any more',
      };
      log.error({ chain, ...details }, 'the trail was tampered with, or restored');
      await evidence.recordFinding({ kind: 'chain_broken', generation, revision, subject: chain, details });
    }
    broken = found;
  }

  async function round(): Promise<boolean> {
    const anchors = await readAnchors(etcd);
    const { generation } = anchors;
    if (generation === undefined) return false;
    let more = await sealGeneration(generation, anchors);
    if (performance.now() - earlierAt > EARLIER_INTERVAL_MS) {
      for (const earlier of await evidence.generations()) {
        if (earlier !== generation && (await sealGeneration(earlier, await readAnchors(etcd)))) more = true;
      }
      if (!more) earlierAt = performance.now();
    }
    return more;
  }

  return {
    get sealed() {
      return sealed;
    },
    get revision() {
      return sealedRevision;
    },
    get broken() {
      return broken;
    },
    run: async signal => {
      while (!signal.aborted) {
        let more = false;
        try {
          if (leadership.leading) more = await round();
        } catch (error) {
          log.debug({ err: error }, 'sealing waits');
        }
        if (!more) await pause(intervalMs, signal);
      }
    },
  };
}
