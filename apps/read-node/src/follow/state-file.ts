/**
 * A whole state as text: a line that names it, a line for each key, and at the end a line with the number of
 * keys and the hash of all before it. A file that was cut off or altered is told by that.
 */
import { createHash } from 'node:crypto';
import { buildSnapshot, type Snapshot } from '@quantivista/snapshot';

const FORMAT = 'quantivista-state-1';
/** Keys in one chunk: what is encoded without a break. */
const CHUNK = 500;

/** The state as it is at the call, in chunks of lines; what is applied later is not in it. */
export function encodeState(snapshot: Snapshot): Iterable<string> {
  const { generation, revision } = snapshot;
  const entries = [...snapshot.entries()];
  return (function* () {
    const hash = createHash('sha256');
    const hashed = (text: string) => {
      hash.update(text);
      return text;
    };
    yield hashed(`${JSON.stringify({ format: FORMAT, generation, revision })}\n`);
    for (let at = 0; at < entries.length; at += CHUNK) {
      const lines = entries
        .slice(at, at + CHUNK)
        .map(({ key, modRevision, value }) => `${JSON.stringify([key, modRevision, value])}\n`);
      yield hashed(lines.join(''));
    }
    yield `${JSON.stringify({ keys: entries.length, sha256: hash.digest('hex') })}\n`;
  })();
}

/** @throws Error saying what is wrong with the file */
export function decodeState(text: string): Snapshot {
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const seal = parse(text.slice(end), 'it has no last line') as { keys?: number; sha256?: string };
  if (seal?.sha256 !== createHash('sha256').update(text.slice(0, end)).digest('hex'))
    throw new Error('its contents are not what was written');
  const lines = text.slice(0, end - 1).split('\n');
  const head = parse(lines[0]!, 'it has no first line') as {
    format: string;
    generation: string;
    revision: number;
  };
  if (head.format !== FORMAT) throw new Error(`its format is ${head.format}, not ${FORMAT}`);
  const entries = lines.slice(1).map(line => {
    const [key, modRevision, value] = JSON.parse(line) as [string, number, string];
    return { key, modRevision, value };
  });
  if (entries.length !== seal.keys) throw new Error('its number of keys is wrong');
  return buildSnapshot(head.generation, head.revision, entries);
}

function parse(line: string, otherwise: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(otherwise, { cause });
  }
}
