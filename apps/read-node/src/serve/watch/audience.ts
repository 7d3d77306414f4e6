/** Who watches here, and what they said of each revision: what the node reports upwards of its clients. */
import type { AckMessage, Audience, Receipt } from '@quantivista/contracts';
import type { Topic } from './topic.ts';

/** One open stream. */
export interface Watcher {
  readonly topic: Topic;
  /** As the client named itself; absent where it did not. */
  readonly instanceId: string | undefined;
}

export interface AudienceRecord {
  joined(watcher: Watcher): void;
  left(watcher: Watcher): void;
  /** A client's word on a revision: counted once a stream and revision. */
  acknowledged(watcher: Watcher, ack: AckMessage): void;
  /** A revision with changes of configuration, of these topics, was applied here so long after its commit. */
  applied(revision: number, afterMs: number, topics: readonly string[]): void;
  /** The store began another life: what was said of its revisions means nothing any more. */
  forget(): void;
  /** By topic name. At most `limit` instances are named in all. */
  audiences(limit: number): Record<string, Audience>;
  /** Of the newest revisions, newest last. */
  receipts(): Receipt[];
}
