/** What this node has denied, on its way to the record; and told in its log now and then, which a flood must not fill. */
import { gatherDenials } from '@quantivista/access';
import type { Denial, RepeatedDenial } from '@quantivista/contracts';
import { type Log, throttledLine } from '@quantivista/runtime';

export interface NodeDenials {
  readonly unauthenticated: number;
  readonly forbidden: number;
  record(denial: Denial): void;
  /** What was denied since it was taken last, what is alike once. */
  take(): RepeatedDenial[];
}

export function createNodeDenials(log: Pick<Log, 'warn'>): NodeDenials {
  const gathering = gatherDenials();
  let unauthenticated = 0;
  let forbidden = 0;
  const line = throttledLine(fields => log.warn(fields, 'a request was denied'));
  return {
    get unauthenticated() {
      return unauthenticated;
    },
    get forbidden() {
      return forbidden;
    },
    record: denial => {
      if (denial.caller === '') unauthenticated++;
      else forbidden++;
      gathering.add(denial, Date.now());
      line(denial);
    },
    take: gathering.take,
  };
}
