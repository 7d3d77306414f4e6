/** Who watches at this node, and how its clients took the newest revisions. In bounded memory. */
import type { AckMessage, Audience, ClientWord, Receipt } from '@quantivista/contracts';
import type { AudienceRecord, Watcher } from '../serve/watch/audience.ts';
import { topicName } from '../serve/watch/topic.ts';
import { heard, shortReason, worse } from './client-word.ts';

export interface AudienceOptions {
  /** Somebody came, left, or said something. */
  readonly onChange?: () => void;
  /** A client has applied a revision, so long after its commit. */
  readonly onAck?: (afterMs: number) => void;
}

/** Revisions remembered: as many as {@link AckMemory} has bits. */
const RECEIPTS = 64;
const REASONS = 3;

interface TopicAudience {
  /** Open streams by the name of their client. */
  readonly instances: Map<string, Set<Watcher>>;
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
  /** Of the streams whose client named itself. */
  let words = new WeakMap<Watcher, ClientWord>();
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
    const text = shortReason(reason);
    const reasons = receipt.reasons ?? [];
    if (!text || reasons.includes(text) || reasons.length >= REASONS) return;
    receipt.reasons = [...reasons, text];
  }

  /** Whether it is news. */
  function hear(watcher: Watcher, ack: AckMessage): boolean {
    if (watcher.instanceId === undefined) return false;
    const before = words.get(watcher) ?? {};
    const word = heard(before, ack);
    words.set(watcher, word);
    return word !== before;
  }

  /** Whether it is the stream's first word on a revision whose receipt is kept. */
  function count(watcher: Watcher, { revision, applied, error }: AckMessage): boolean {
    const of = kept.get(revision);
    if (!of || !isFirst(watcher, of.ordinal)) return false;
    if (applied) {
      of.receipt.acked++;
      onAck(of.receipt.applied_after_ms + performance.now() - of.at);
    } else refused(of.receipt, error);
    return true;
  }

  /** Of an instance by all of its streams; null where it has said nothing. */
  function wordOf(streams: Iterable<Watcher>): ClientWord | null {
    const said = [...streams].map(stream => words.get(stream) ?? {}).reduce(worse);
    const { acked, refused } = said;
    if (acked === undefined && refused === undefined) return null;
    // A refusal that was made good is told for as long as the receipt that counts it.
    const isOver = acked !== undefined && refused !== undefined && acked > refused && !kept.has(refused);
    return isOver ? { acked } : said;
  }

  return {
    joined: watcher => {
      const { topic, instanceId } = watcher;
      const name = topicName(topic);
      const audience = topics.get(name) ?? { instances: new Map(), unnamed: 0, watchers: 0 };
      topics.set(name, audience);
      audience.watchers++;
      if (instanceId === undefined) audience.unnamed++;
      else {
        const streams = audience.instances.get(instanceId) ?? new Set();
        audience.instances.set(instanceId, streams.add(watcher));
      }
      onChange();
    },

    left: watcher => {
      const { topic, instanceId } = watcher;
      const name = topicName(topic);
      const audience = topics.get(name);
      if (!audience) return;
      audience.watchers--;
      if (instanceId === undefined) audience.unnamed--;
      else {
        const streams = audience.instances.get(instanceId);
        streams?.delete(watcher);
        if (streams?.size === 0) audience.instances.delete(instanceId);
      }
      if (audience.watchers === 0) topics.delete(name);
      onChange();
    },

    acknowledged: (watcher, ack) => {
      const isNews = hear(watcher, ack);
      if (count(watcher, ack) || isNews) onChange();
    },

    applied: (revision, afterMs, topics) => {
      const applied_after_ms = Math.round(afterMs * 10) / 10;
      const receipt = { revision, applied_after_ms, acked: 0, refused: 0, topics: [...topics] };
      kept.set(revision, { receipt, ordinal: ordinals++, at: performance.now() });
      if (kept.size > RECEIPTS) kept.delete(kept.keys().next().value!);
      onChange();
    },

    forget: () => {
      kept.clear();
      words = new WeakMap();
      onChange();
    },

    audiences: limit => {
      let left = limit;
      // The smallest first: where names have to be left out, they are those of the largest.
      const smallestFirst = [...topics].sort(([, a], [, b]) => a.instances.size - b.instances.size);
      const named = smallestFirst.map(([name, { instances, unnamed, watchers }]): [string, Audience] => {
        const listed = [...instances.entries().take(left)];
        left -= listed.length;
        const said = listed.map(([, streams]) => wordOf(streams));
        const audience = {
          instance_ids: listed.map(([id]) => id),
          ...(said.some(word => word !== null) && { words: said }),
          ...(listed.length < instances.size && { truncated: true }),
          watchers,
          unnamed,
        };
        return [name, audience];
      });
      return Object.fromEntries(named);
    },

    receipts: () => [...kept.values()].map(({ receipt }) => ({ ...receipt })),
  };
}
