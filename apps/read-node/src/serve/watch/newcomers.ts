/**
 * Requests for streams, each taken up when its turn has come: a region's clients may all come at once, and reads are
 * answered between them. Until then next to nothing is done about one.
 */
import { createTurns } from './turns.ts';

export interface Pace {
  /** Of a turn of the event loop, for those who come: with what follows, up to the first frames. */
  readonly sliceMs: number;
  /** Between two such turns, for all others. */
  readonly restMs: number;
}

/** Open a stream when its turn has come; answers what `open` does. */
export type Newcomers = <Opened>(open: () => Promise<Opened>) => Promise<Opened>;

export function createNewcomers({ sliceMs, restMs }: Pace): Newcomers {
  const turns = createTurns(sliceMs, { withMicrotasks: true, restMs });
  return open => new Promise((resolve, reject) => turns(() => open().then(resolve, reject)));
}
