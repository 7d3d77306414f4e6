/** What this node has denied: counted, and reported now and then, since a flood must not fill the log. */
import type { Log } from '@quantivista/runtime';

export interface NodeDenial {
  /** Empty where nobody is known. */
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  readonly why: string;
}

export interface NodeDenials {
  readonly unauthenticated: number;
  readonly forbidden: number;
  record(denial: NodeDenial): void;
}

const REPORT_MS = 1_000;

export function createNodeDenials(log: Pick<Log, 'warn'>, now = () => performance.now()): NodeDenials {
  let unauthenticated = 0;
  let forbidden = 0;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let unreported = 0;
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
      if (now() - reportedAt < REPORT_MS) {
        unreported++;
        return;
      }
      reportedAt = now();
      log.warn({ ...denial, unreported }, 'a request was denied');
      unreported = 0;
    },
  };
}
