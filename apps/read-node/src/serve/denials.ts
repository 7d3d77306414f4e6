/** What this node has denied, on its way to the record; and told in its log now and then, which a flood must not fill. */
import { gatherDenials } from '@quantivista/access';
import type { Denial, RepeatedDenial } from '@quantivista/contracts';
import type { Log } from '@quantivista/runtime';

export interface NodeDenials {
  readonly unauthenticated: number;
  readonly forbidden: number;
  record(denial: Denial): void;
  /** What was denied since it was taken last, what is alike once. */
  take(): RepeatedDenial[];
}

const LOGGED_MS = 1_000;

export function createNodeDenials(log: Pick<Log, 'warn'>): NodeDenials {
  const gathering = gatherDenials();
  let unauthenticated = 0;
  let forbidden = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  let notLogged = 0;
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
      if (performance.now() - loggedAt < LOGGED_MS) {
        notLogged++;
        return;
      }
      loggedAt = performance.now();
      log.warn({ ...denial, not_logged: notLogged }, 'a request was denied');
      notLogged = 0;
    },
    take: gathering.take,
  };
}
