/**
 * I2 as it goes: each acknowledged write is in the store at its revision and whole, a refused one is not, one
 * of unknown outcome at most once; and the store holds nothing that no one wrote. A write is forgotten as soon
 * as both its answer and its commit are known.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@quantivista/contracts';
import type { Commit, KeyChange } from '../commits.ts';
import { type IntendedChange, type Outcome, topicName } from '../history.ts';
import type { Violation } from '../violation.ts';

export interface Written {
  /** Writes whose answer was lost and that have not been seen in the store. */
  readonly open: number;
  sent(id: string, changes: readonly IntendedChange[]): void;
  answered(id: string, outcome: Outcome): void;
  /** The store's next commit. */
  committed(commit: Commit): void;
  /** The store is known to its end: what was acknowledged and has not been seen is lost. */
  end(): void;
}

interface Write {
  readonly changes: readonly IntendedChange[];
  /** The newest revision that had been acknowledged when it was sent: it must come after. */
  readonly after: number;
  outcome?: Outcome;
  revision?: number;
}

/** Values remembered of a key, for ways back; writers go no further back. */
export const VERSIONS_BACK = 8;

export function createWritten(report: (violation: Violation) => void): Written {
  const writes = new Map<string, Write>();
  const values = new Map<string, Map<number, Json | undefined>>();
  const versions = new Map<string, number>();
  let newestAcknowledged = 0;
  const violation = (what: string, where: string) => report({ guarantee: 'Acknowledged', what, where });

  const settle = (id: string, write: Write) => {
    const { outcome, revision, after } = write;
    if (outcome?.kind === 'acknowledged') {
      if (revision === undefined) return;
      if (revision !== outcome.revision)
        violation(`acknowledged at ${outcome.revision}, but is at ${revision}`, id);
      if (revision <= after) violation(`at ${revision}, though sent after ${after} was acknowledged`, id);
    }
    if (outcome?.kind === 'refused' && revision !== undefined) violation('refused, but stored', id);
    if (outcome?.kind === 'refused' || (outcome && revision !== undefined)) writes.delete(id);
  };

  const remember = ({ topic, key, version, now, revision }: KeyChange) => {
    const name = nameOf(topic, key);
    if (version !== (versions.get(name) ?? 0) + 1)
      violation(`${name} has version ${version}`, `revision ${revision}`);
    versions.set(name, version);
    const past = values.get(name) ?? new Map<number, Json | undefined>();
    values.set(name, past.set(version, now?.config_value));
    // Others may change the key before a way back takes effect.
    past.delete(version - 10 * VERSIONS_BACK);
  };
  const meaning = (change: IntendedChange): Json | undefined => {
    if (change.to === 'value') return change.value;
    if (change.to === 'nothing') return undefined;
    return values.get(nameOf(change, change.key))?.get(change.version);
  };

  return {
    get open() {
      return writes.size;
    },
    sent: (id, changes) => void writes.set(id, { changes, after: newestAcknowledged }),
    answered: (id, outcome) => {
      const write = writes.get(id)!;
      write.outcome = outcome;
      if (outcome.kind === 'acknowledged')
        newestAcknowledged = Math.max(newestAcknowledged, outcome.revision);
      settle(id, write);
    },
    committed: ({ revision, note, changes }) => {
      const id = note?.reason ?? '';
      const write = writes.get(id);
      if (!write)
        violation(`no one wrote this (or it was refused, or is stored again): ${id}`, `revision ${revision}`);
      else if (write.revision !== undefined)
        violation(`stored twice, at ${write.revision} and ${revision}`, id);
      if (write) {
        const meant = new Map(write.changes.map(each => [nameOf(each, each.key), meaning(each)]));
        const stored = new Map(changes.map(each => [nameOf(each.topic, each.key), each.now?.config_value]));
        if (!isDeepStrictEqual(stored, meant)) violation(`stored otherwise than written at ${revision}`, id);
        write.revision = revision;
      }
      for (const change of changes) remember(change);
      if (write) settle(id, write);
    },
    end: () => {
      for (const [id, { outcome }] of writes)
        if (outcome?.kind === 'acknowledged')
          violation(`acknowledged at ${outcome.revision}, but is not in the store`, id);
    },
  };
}

const nameOf = (topic: Parameters<typeof topicName>[0], key: string): string => `${topicName(topic)}/${key}`;
