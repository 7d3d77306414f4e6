/** Whether a text stands anywhere in a process's memory: the proof that something never got there. */
import { type FileHandle, open, readFile } from 'node:fs/promises';

const PIECE = 4 * 1024 * 1024;
const PAGE = 4096;
/** Of a page in pagemap: present or swapped out, in the last of its eight bytes. */
const IN_USE = 0b1100_0000;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Search what process `pid` may write to, as bytes and as UTF-16. Linux alone, and processes of one's own. */
export async function memoryHolds(pid: number, text: string): Promise<boolean> {
  const wanted = [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')];
  const overlap = wanted[1]!.length;
  const buffer = Buffer.alloc(PIECE + overlap);
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const pages = await open(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const mapping of await writable(pid)) {
      for (const { from, to } of await inUse(pages, mapping)) {
        for (let at = from; at < to; at += PIECE) {
          const length = await readAt(memory, buffer.subarray(0, Math.min(buffer.length, to - at)), at);
          if (wanted.some(each => buffer.subarray(0, length).includes(each))) return true;
        }
      }
    }
    return false;
  } finally {
    await Promise.all([memory.close(), pages.close()]);
  }
}

/** Parts may vanish meanwhile: those hold nothing. */
const readAt = (file: FileHandle, into: Buffer, at: number): Promise<number> =>
  file.read(into, 0, into.length, at).then(
    ({ bytesRead }) => bytesRead,
    () => 0,
  );

async function writable(pid: number): Promise<Range[]> {
  const lines = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n');
  return lines.flatMap(line => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    return match ? [{ from: Number.parseInt(match[1]!, 16), to: Number.parseInt(match[2]!, 16) }] : [];
  });
}

/** The parts of a mapping that have pages: a heap reserves gigabytes and uses few. */
async function inUse(pages: FileHandle, { from, to }: Range): Promise<Range[]> {
  const entries = Buffer.alloc(((to - from) / PAGE) * 8);
  const length = await readAt(pages, entries, (from / PAGE) * 8);
  const ranges: { from: number; to: number }[] = [];
  for (let at = 7, start = from; at < length; at += 8, start += PAGE) {
    if ((entries[at]! & IN_USE) === 0) continue;
    const last = ranges.at(-1);
    if (last?.to === start) last.to += PAGE;
    else ranges.push({ from: start, to: start + PAGE });
  }
  return ranges;
}
