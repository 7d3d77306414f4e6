/**
 * Writes of one record take turns: of many at once only one transaction could win, and each of the others would be
 * planned, recorded and refused again and again, the more often the more they are. Flags are checked against all
 * flags, so all of theirs take turns. Writers at other authorities are still overtaken, and try again.
 */
import { recordKey, ServiceError } from '@quantivista/contracts';
import type { Writer } from './commit.ts';
import { concernsFlags } from './flag-rule.ts';
import type { WriteRequest } from './request.ts';

/** Whoever waited longer is refused: while the store does not answer, each turn takes its time. */
const LONGEST_WAIT_MS = 10_000;

/** No record's key: those begin with a slash. */
const FLAGS = 'flags';

function lanesOf(request: WriteRequest): readonly string[] {
  const lanes = request.changes.map(({ path }) => recordKey(path));
  return concernsFlags(request) ? [FLAGS, ...lanes] : lanes;
}

export function queueWrites(writer: Writer, longestWaitMs = LONGEST_WAIT_MS): Writer {
  /** Of each lane the end of the last write in it. A write enters all of its lanes in one step: none waits for another in a circle. */
  const last = new Map<string, Promise<void>>();

  async function inTurn(request: WriteRequest, before: readonly Promise<void>[]) {
    const queuedAt = performance.now();
    await Promise.all(before);
    if (performance.now() - queuedAt > longestWaitMs) throw new ServiceError('overloaded');
    return writer.write(request);
  }

  return {
    preview: request => writer.preview(request),
    write: request => {
      const lanes = lanesOf(request);
      const before = lanes.flatMap(lane => last.get(lane) ?? []);
      const written = before.length === 0 ? writer.write(request) : inTurn(request, before);
      const leave = () => {
        for (const lane of lanes) if (last.get(lane) === ended) last.delete(lane);
      };
      const ended = written.then(leave, leave);
      for (const lane of lanes) last.set(lane, ended);
      return written;
    },
  };
}
