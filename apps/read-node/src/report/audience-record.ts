/** Who watches at this node, and how its clients took the newest revisions. In bounded memory. */
import type { AckMessage, Audience, Receipt } from '@quantivista/contracts';
import type { AudienceRecord, Watcher } from '../serve/watch/audience.ts';
import { topicName } from '../serve/watch/topic.ts';

export interface AudienceOptions {
  /** Somebody came, left, or said something. */
  readonly onChange?: () => void;
  /** A client has applied a revision, so long after its commit. */
  readonly onAck?: (afterMs: number) => void;
}

/** Revisions remembered: as many as {@link AckMemory} has bits. */
const RECEIPTS = 64;
const REASONS = 3;
const REASON_LENGTH = 200;

interface TopicAudience {
  /** Open streams by the name of their client. */
  readonly instances: Map<string, number>;
  unnamed: number;
  watchers: number;
}

interface Kept {
  readonly receipt: Receipt;
  /** Counts revisions. */
  readonly ordinal: number;
  /** When its receipt was made (`performance.now()`). */
  readonly at: number;
}

/** Which revisions a stream has acknowledged: one bit each, the lowest for the revision `newest`. */
interface AckMemory {
  newest: number;
  bits: bigint;
}

export function createAudienceRecord(options: AudienceOptions = {}): AudienceRecord {
  const { onChange = () => {}, onAck = () => {} } = options;
  const topics = new Map<string, TopicAudience>();
  const kept = new Map<number, Kept>();
  const memories = new WeakMap<Watcher, AckMemory>();
  let ordinals = 0;

  /** Whether this is the stream's first word on the revision. */
  function isFirst(watcher: Watcher, ordinal: number): boolean {
    const memory = memories.get(watcher) ?? { newest: ordinal, bits: 0n };
    memories.set(watcher, memory);
    if (ordinal > memory.newest) {
      memory.bits = BigInt.asUintN(RECEIPTS, memory.bits << BigInt(ordinal - memory.newest));
      memory.newest = ordinal;
    }
    const bit = 1n << BigInt(memory.newest - ordinal);
    if (memory.bits & bit) return false;
    memory.bits |= bit;
    return true;
  }

  function refused(receipt: Receipt, reason: string | undefined): void {
    receipt.refused++;
    const text = reason?.slice(0, REASON_LENGTH).toWellFormed();
    const reasons = receipt.reasons ?? [];
    if (!text || reasons.includes(text) || reasons.length >= REASONS) return;
    receipt.reasons = [...reasons, text];
  }

  return {
    joined: ({ topic, instanceId }) => {
      const name = topicName(topic);
      const audience = topics.get(name) ?? { instances: new Map(), unnamed: 0, watchers: 0 };
      topics.set(name, audience);
      audience.watchers++;
      if (instanceId === undefined) audience.unnamed++;
      else audience.instances.set(instanceId, (audience.instances.get(instanceId) ?? 0) + 1);
      onChange();
    },

    left: ({ topic, instanceId }) => {
      const name = topicName(topic);
      const audience = topics.get(name);
      if (!audience) return;
      audience.watchers--;
      if (instanceId === undefined) audience.unnamed--;
      else {
        const streams = (audience.instances.get(instanceId) ?? 0) - 1;
        if (streams > 0) audience.instances.set(instanceId, streams);
        else audience.instances.delete(instanceId);
      }
      if (audience.watchers === 0) topics.delete(name);
      onChange();
    },

    acknowledged: (watcher, { revision, applied, error }: AckMessage) => {
      const of = kept.get(revision);
      if (!of || !isFirst(watcher, of.ordinal)) return;
      if (applied) {
        of.receipt.acked++;
        onAck(of.receipt.applied_after_ms + performance.now() - of.at);
      } else refused(of.receipt, error);
      onChange();
    },

    applied: (revision, afterMs) => {
      const receipt = { revision, applied_after_ms: Math.round(afterMs * 10) / 10, acked: 0, refused: 0 };
      kept.set(revision, { receipt, ordinal: ordinals++, at: performance.now() });
      if (kept.size > RECEIPTS) kept.delete(kept.keys().next().value!);
      onChange();
    },

    audiences: limit => {
      let left = limit;
      // The smallest first: where names have to be left out, they are those of the largest.
      const smallestFirst = [...topics].sort(([, a], [, b]) => a.instances.size - b.instances.size);
      const named = smallestFirst.map(([name, { instances, unnamed, watchers }]): [string, Audience] => {
        const instance_ids = [...instances.keys().take(left)];
        left -= instance_ids.length;
        return [name, { instance_ids, watchers, unnamed }];
      });
      return Object.fromEntries(named);
    },

    receipts: () => [...kept.values()].map(({ receipt }) => ({ ...receipt })),
  };
}
