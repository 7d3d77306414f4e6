/** The wire form of a stream entry and of a snapshot's field, and back. */

/** One key's change, with what it replaced and that value's mod revision. `undefined` where the key is not there. */
export interface Change {
  readonly key: string;
  readonly value: string | undefined;
  readonly previous: string | undefined;
  readonly previousRevision?: number | undefined;
}

export type StreamEntry =
  | {
      readonly kind: 'changes';
      readonly revision: number;
      readonly prev: number;
      readonly changes: readonly Change[];
    }
  /** The state was replaced as a whole: what lies between is not in the stream. */
  | { readonly kind: 'reset'; readonly revision: number };

export const encodeValue = (value: string | undefined): string => (value === undefined ? '-' : `=${value}`);
const decodeValue = (text: string): string | undefined => (text.startsWith('=') ? text.slice(1) : undefined);

/** Of `<{mod revision}`; nothing follows the `<` where nothing was replaced. */
const decodeRevision = (text: string): number | undefined =>
  text.length > 1 ? Number(text.slice(1)) : undefined;

export function decodeEntry([id, fields]: [string, string[]]): StreamEntry {
  const revision = Number(id.slice(0, id.indexOf('-')));
  // What no feeder has written tells nothing: whoever meets it loads the state.
  if (fields[0] !== 'prev') return { kind: 'reset', revision };
  const changes: Change[] = [];
  for (let at = 2; at < fields.length; at += 4) {
    changes.push({
      key: fields[at]!,
      value: decodeValue(fields[at + 1]!),
      previous: decodeValue(fields[at + 3]!),
      previousRevision: decodeRevision(fields[at + 2]!),
    });
  }
  return { kind: 'changes', revision, prev: Number(fields[1]), changes };
}

/** A key as a snapshot holds it. */
export interface SnapshotEntry {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
}

export const encodeField = ({ value, modRevision }: SnapshotEntry): string => `${modRevision}:${value}`;

export function decodeField(key: string, field: string): SnapshotEntry {
  const colon = field.indexOf(':');
  return { key, value: field.slice(colon + 1), modRevision: Number(field.slice(0, colon)) };
}
