/** Whether a text stands anywhere in a process's memory: the proof that something never got there. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PIECE = 4 * 1024 * 1024;

/** Search what process `pid` may write to, as bytes and as UTF-16. Linux alone, and processes of one's own. */
export function memoryHolds(pid: number, text: string): boolean {
  const wanted = [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')];
  const overlap = wanted[1]!.length;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(PIECE + overlap);
  try {
    for (const { from, to } of writable(pid)) {
      for (let at = from; at < to; at += PIECE) {
        const length = Math.min(PIECE + overlap, to - at);
        const piece = buffer.subarray(0, readAt(memory, buffer, length, at));
        if (wanted.some(each => piece.includes(each))) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
  }
}

/** Parts may vanish, or never be there: those hold nothing. */
function readAt(memory: number, buffer: Buffer, length: number, at: number): number {
  try {
    return readSync(memory, buffer, 0, length, at);
  } catch {
    return 0;
  }
}

function writable(pid: number): { from: number; to: number }[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return lines.flatMap(line => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    return match ? [{ from: Number.parseInt(match[1]!, 16), to: Number.parseInt(match[2]!, 16) }] : [];
  });
}
