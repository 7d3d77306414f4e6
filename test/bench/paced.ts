/** Work at a fixed rate, whether what was begun before has ended or not: a slow server is not asked less. */
import { Agent, request } from 'undici';
import { monotonicMs } from '../harness/monotonic.ts';

export interface Paced {
  /** Of the work begun since this was last asked: how many failed. */
  takeFailed(): number;
  /** Begin no more; resolves when all that was begun has ended. */
  stop(): Promise<void>;
}

/** Begin `work` so many times a second, counted from now. It is told when it was due. */
export function startPaced(perSecond: number, work: (dueAt: number, n: number) => Promise<unknown>): Paced {
  const underWay = new Set<Promise<unknown>>();
  const startedAt = monotonicMs();
  let n = 0;
  let failed = 0;
  const dueAt = () => startedAt + (n * 1_000) / perSecond;
  const timer = setInterval(() => {
    for (; dueAt() <= monotonicMs(); n++) {
      const begun = work(dueAt(), n)
        .catch(() => failed++)
        .finally(() => underWay.delete(begun));
      underWay.add(begun);
    }
  }, 1);
  return {
    takeFailed: () => {
      const taken = failed;
      failed = 0;
      return taken;
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

export interface PacedReads extends Paced {
  /** Of the reads answered since this was last asked: from when each was due to its last byte, in milliseconds. */
  takeTimes(): number[];
}

export function startPacedReads(url: string, perSecond: number): PacedReads {
  const dispatcher = new Agent({ connections: 32 });
  let times: number[] = [];
  const paced = startPaced(perSecond, async dueAt => {
    const answer = await request(url, { dispatcher });
    await answer.body.dump();
    times.push(monotonicMs() - dueAt);
  });
  return {
    takeFailed: paced.takeFailed,
    takeTimes: () => {
      const taken = times;
      times = [];
      return taken;
    },
    stop: async () => {
      await paced.stop();
      await dispatcher.close();
    },
  };
}
