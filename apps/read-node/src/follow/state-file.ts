/**
 * A whole state as text: a line that names it, a line for each key, and at the end a line with the number of
 * keys and the hash of all before it. A file that was cut off or altered is told by that.
 */
import { createHash } from 'node:crypto';
import { type Snapshot, startSnapshot } from '@quantivista/snapshot';

const FORMAT = 'quantivista-state-1';
/** Keys in one chunk: what is encoded without a break. */
const CHUNK = 500;

/** The state of `environments` as it is at the call, in chunks of lines; what is applied later is not in it. */
export function encodeState(snapshot: Snapshot, environments: readonly string[]): Iterable<string> {
  const { generation, revision } = snapshot;
  const entries = [...snapshot.entries()];
  return (function* () {
    const hash = createHash('sha256');
    const hashed = (text: string) => {
      hash.update(text);
      return text;
    };
    yield hashed(`${JSON.stringify({ format: FORMAT, environments, generation, revision })}\n`);
    for (let at = 0; at < entries.length; at += CHUNK) {
      const lines = entries
        .slice(at, at + CHUNK)
        .map(({ key, modRevision, value }) => `${JSON.stringify([key, modRevision, value])}\n`);
      yield hashed(lines.join(''));
    }
    yield `${JSON.stringify({ keys: entries.length, sha256: hash.digest('hex') })}\n`;
  })();
}

/** @throws Error saying what is wrong with the file: also where it is not of exactly these environments */
export function decodeState(text: string, environments: readonly string[]): Snapshot {
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const seal = parse(text.slice(end), 'it has no last line') as { keys?: number; sha256?: string };
  if (seal?.sha256 !== createHash('sha256').update(text.slice(0, end)).digest('hex'))
    throw new Error('its contents are not what was written');
  const first = text.indexOf('\n') + 1;
  const head = parse(text.slice(0, first), 'it has no first line') as {
    format: string;
    environments: readonly string[];
    generation: string;
    revision: number;
  };
  if (head.format !== FORMAT) throw new Error(`its format is ${head.format}, not ${FORMAT}`);
  if (head.environments.join() !== environments.join())
    throw new Error(`its environments are ${head.environments.join()}, not ${environments.join()}`);
  const building = startSnapshot(head.generation);
  let keys = 0;
  for (let at = first; at < end; keys++) {
    const next = text.indexOf('\n', at) + 1;
    const [key, modRevision, value] = JSON.parse(text.slice(at, next)) as [string, number, string];
    building.set({ key, value }, modRevision);
    at = next;
  }
  if (keys !== seal.keys) throw new Error('its number of keys is wrong');
  return building.finish(head.revision);
}

function parse(line: string, otherwise: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(otherwise, { cause });
  }
}
