/** What happened, as a hash: two runs did the same if and only if theirs are equal, as far as 64 bits tell. */

export interface EventLog {
  /** Something happened now: its kind, and the numbers that say what. */
  add(kind: number, first: number, second: number): void;
  readonly events: number;
  /** 16 hexadecimal digits. */
  hash(): string;
}

export function createEventLog(now: () => number): EventLog {
  let high = 0x9e3779b9;
  let low = 0x811c9dc5;
  let events = 0;
  const fold = (value: number) => {
    low = Math.imul(low ^ value, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ value ^ (high >>> 13), 0x85ebca6b);
  };
  return {
    add: (kind, first, second) => {
      events++;
      fold(Math.round(now() * 10));
      fold(kind);
      fold(first);
      fold(second);
    },
    get events() {
      return events;
    },
    hash: () => [high, low].map(lane => (lane >>> 0).toString(16).padStart(8, '0')).join(''),
  };
}

/** The kinds of events logged. */
export const EVENT = { committed: 1, inRegion: 2, applied: 3, replaced: 4, admitted: 5, refused: 6 } as const;
