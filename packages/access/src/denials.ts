/**
 * Gathers what callers were denied, so that a flood of bad requests comes to a few rows, whoever sends it: what is alike
 * is counted, and of what is not so much is kept apart and the rest counted together, by caller.
 */
import { type Denial, MANY, manyDenials, type RepeatedDenial } from '@quantivista/contracts';

export interface DenialGathering {
  /** @param atMs since the epoch; of one that was repeated, it is told when */
  add(denial: Denial | RepeatedDenial, atMs: number): void;
  /** What was gathered since it was taken last. */
  take(): RepeatedDenial[];
}

/** Only who is known can be denied so many different things. */
const MOST = 500;
const MOST_CALLERS = 100;
const MAX_TEXT = 300;

export function gatherDenials(): DenialGathering {
  let gathered = new Map<string, RepeatedDenial>();

  /** Itself, or what it is counted with where there is no room for it. */
  function roomFor(denial: Denial): Denial {
    if (gathered.size < MOST || gathered.has(nameOf(denial))) return denial;
    return manyDenials(gathered.size < MOST + MOST_CALLERS ? denial.caller : MANY);
  }

  return {
    add: (denial, atMs) => {
      const { first_at, last_at, times } = { first_at: atMs, last_at: atMs, times: 1, ...denial };
      const kept = roomFor(asText(denial));
      const name = nameOf(kept);
      const before = gathered.get(name);
      gathered.set(name, {
        ...kept,
        first_at: Math.min(first_at, before?.first_at ?? first_at),
        last_at: Math.max(last_at, before?.last_at ?? last_at),
        times: times + (before?.times ?? 0),
      });
    },
    take: () => {
      const rows = [...gathered.values()];
      gathered = new Map();
      return rows;
    },
  };
}

const asText = ({ caller, action, resource, why }: Denial): Denial => ({
  caller: cut(caller),
  action: cut(action),
  resource: cut(resource),
  why: cut(why),
});
/** As it can be kept: Postgres takes neither NUL nor half of a pair. */
const cut = (text: string): string => text.slice(0, MAX_TEXT).replaceAll('\0', '\ufffd').toWellFormed();

const nameOf = ({ caller, action, resource, why }: Denial): string =>
  JSON.stringify([caller, action, resource, why]);
