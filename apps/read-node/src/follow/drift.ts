/**
 * Compares what this node holds with what each heartbeat says of the store. Where they differ, the region is
 * marked as suspect, and once a feeder has looked at it the state is loaded anew.
 */
import { type CheckedState, HEARTBEAT_KEY, type Heartbeat } from '@quantivista/contracts';
import type { RegionReader } from '@quantivista/region';
import { type Log, pause } from '@quantivista/runtime';
import { differingParts } from '@quantivista/snapshot';
import type { Follower, ReloadReason } from './follower.ts';
import type { Replica } from './replica.ts';

export interface DriftOptions {
  readonly region: RegionReader;
  readonly replica: Replica;
  readonly follower: Pick<Follower, 'reload' | 'loads'>;
  readonly log: Log;
  /** Whether this node holds a part. @default every part */
  readonly holds?: (part: string) => boolean;
}

export interface Drift {
  /** Times that the state was found to be wrong. */
  readonly found: number;
  /** The parts that were wrong when last compared. */
  readonly parts: readonly string[];
  /** The newest revision at which all was right; `undefined` before the first and while it is not. */
  readonly verified: number | undefined;
  /** Runs until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const LOOK_MS = 200;
/** Without a beat for so long, the region is asked whether it has newer ones. */
const QUIET_MS = 2_000;
/** A mark that no feeder clears, or a load, is not waited for any longer. */
const LIMIT_MS = 10_000;

async function waitFor(condition: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (const until = Date.now() + LIMIT_MS; Date.now() < until && !signal.aborted; ) {
    if (await condition()) return;
    await pause(50, signal);
  }
}

export function createDrift({ region, replica, follower, log, holds }: DriftOptions): Drift {
  let found = 0;
  let parts: readonly string[] = [];
  let verified: number | undefined;
  /** Why the state must be loaded; the loop takes it up. */
  let wrong: ReloadReason | undefined;
  let heardAt = performance.now();

  function discover(reason: ReloadReason, differing: readonly string[]): void {
    const { generation, revision } = replica.current!.snapshot;
    // Found once, however often it is seen before it is healed.
    if (parts.length === 0) {
      found++;
      log.error({ generation, revision, parts: differing, reason }, 'this node drifted from the store');
    }
    parts = differing;
    verified = undefined;
    wrong = reason;
  }

  function compare({ revision, digests }: CheckedState): void {
    const own = replica.current!.snapshot.digestsAt(revision);
    // Before the state was loaded, or too long ago.
    if (!own) return;
    const differing = differingParts(own, digests, holds);
    if (differing.length > 0) {
      discover('drifted', differing);
      return;
    }
    parts = [];
    verified = revision;
  }

  replica.listen({
    applied: () => {},
    replaced: () => {
      verified = undefined;
      heardAt = performance.now();
    },
    beat: ({ checked }) => {
      heardAt = performance.now();
      if (checked) compare(checked);
    },
  });

  /** A region with newer beats at lower revisions: then this node is at a revision that never was. */
  async function lookAhead(): Promise<void> {
    const { snapshot } = replica.current!;
    const held = await region.keysAt(snapshot.generation, [HEARTBEAT_KEY]);
    const sequence = (text: string | undefined) =>
      text === undefined ? 0 : (JSON.parse(text) as Heartbeat).sequence;
    if (replica.current!.snapshot !== snapshot || !held || held.revision >= snapshot.revision) return;
    if (sequence(held.entries[0]?.value) > sequence(snapshot.other(HEARTBEAT_KEY)))
      discover('ahead', Object.keys(snapshot.digests()));
  }

  async function heal(reason: ReloadReason, signal: AbortSignal): Promise<void> {
    const { generation } = replica.current!.snapshot;
    await region.suspect(generation);
    await waitFor(async () => (await region.suspected(generation)) === undefined, signal);
    const { loads } = follower;
    follower.reload(reason);
    await waitFor(async () => follower.loads > loads, signal);
  }

  async function look(signal: AbortSignal): Promise<void> {
    if (wrong === undefined && replica.current && performance.now() - heardAt > QUIET_MS) await lookAhead();
    if (wrong === undefined) return;
    const reason = wrong;
    await heal(reason, signal);
    wrong = undefined;
  }

  return {
    get found() {
      return found;
    },
    get parts() {
      return parts;
    },
    get verified() {
      return verified;
    },
    run: async signal => {
      while (!signal.aborted) {
        // Where Redis does not answer the follower says so; the next beat, or the next look, begins again.
        await look(signal).catch(() => {});
        await pause(LOOK_MS, signal);
      }
    },
  };
}
