/**
 * Flags are checked against all flags, so each of their writes overtakes every other that is under way. Here they
 * take turns: many at once are none of them tried in vain. Writers at other authorities are still overtaken, and try
 * again.
 */
import { ServiceError } from '@quantivista/contracts';
import type { Writer } from './commit.ts';
import { concernsFlags } from './flag-rule.ts';

/** Whoever waited longer is refused: while the store does not answer, each turn takes its time. */
const LONGEST_WAIT_MS = 15_000;

export function queueFlagWrites(writer: Writer, longestWaitMs = LONGEST_WAIT_MS): Writer {
  let last: Promise<unknown> = Promise.resolve();
  return {
    preview: request => writer.preview(request),
    write: request => {
      if (!concernsFlags(request)) return writer.write(request);
      const queuedAt = performance.now();
      const turn = last.then(() => {
        if (performance.now() - queuedAt > longestWaitMs) throw new ServiceError('overloaded');
        return writer.write(request);
      });
      last = turn.catch(() => {});
      return turn;
    },
  };
}
