/** What happened at the nodes' doors in a storm. */
import type { FrontDoor } from './front-door.ts';

export interface StormRecord {
  /** Clients that have a stream now. */
  readonly back: number;
  readonly refusals: number;
  /** Attempts that got no answer, or found no node. */
  readonly failures: number;
  attempted(door: FrontDoor): void;
  admitted(door: FrontDoor): void;
  refused(): void;
  failed(): void;
  lost(): void;
  /** Count from here on; `back` stays what it is. */
  begin(): void;
  /** At any one node, in any one second counted from the beginning. */
  mostAttempted(): number;
  mostAdmitted(): number;
}

export function createStormRecord(now: () => number): StormRecord {
  let since = now();
  let back = 0;
  let refusals = 0;
  let failures = 0;
  let attempts = new Map<FrontDoor, number[]>();
  let admissions = new Map<FrontDoor, number[]>();
  const count = (into: Map<FrontDoor, number[]>, door: FrontDoor) => {
    const seconds = into.get(door) ?? [];
    into.set(door, seconds);
    const second = Math.floor((now() - since) / 1_000);
    seconds[second] = (seconds[second] ?? 0) + 1;
  };
  const most = (of: Map<FrontDoor, number[]>) =>
    [...of.values()].flat().reduce((greatest, number) => Math.max(greatest, number), 0);
  return {
    get back() {
      return back;
    },
    get refusals() {
      return refusals;
    },
    get failures() {
      return failures;
    },
    attempted: door => count(attempts, door),
    admitted: door => {
      back++;
      count(admissions, door);
    },
    refused: () => void refusals++,
    failed: () => void failures++,
    lost: () => void back--,
    begin: () => {
      since = now();
      refusals = 0;
      failures = 0;
      attempts = new Map();
      admissions = new Map();
    },
    mostAttempted: () => most(attempts),
    mostAdmitted: () => most(admissions),
  };
}
