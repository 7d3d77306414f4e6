/** The following part of a node: the follower, what compares its state with others', and what keeps it on disk. */
import type { Scope } from '@quantivista/contracts';
import { createRegionReader, type RegionOptions } from '@quantivista/region';
import type { Log } from '@quantivista/runtime';
import { OTHER_PART } from '@quantivista/snapshot';
import type { ReadNodeConfig } from '../config.ts';
import { createDisk, type Disk } from './disk.ts';
import { createDrift, type Drift } from './drift.ts';
import { createFollower, type Follower } from './follower.ts';
import { createRegionCheck, type RegionCheck } from './region-check.ts';
import type { Replica } from './replica.ts';

export interface FollowingOptions {
  readonly config: ReadNodeConfig;
  readonly scope: Scope;
  readonly regionOptions: RegionOptions;
  readonly replica: Replica;
  readonly log: Log;
}

export interface Following {
  readonly follower: Follower;
  readonly drift: Drift;
  readonly regionCheck: RegionCheck;
  /** Absent where no path is set. */
  readonly disk: Disk | undefined;
  end(): Promise<void>;
}

export function startFollowing(options: FollowingOptions): Following {
  const { config, scope, regionOptions, replica, log } = options;
  const { SNAPSHOT_PATH: path, SNAPSHOT_INTERVAL_MS } = config;
  const history = { length: config.HISTORY_LENGTH, bytes: config.HISTORY_BYTES };
  // What is not held here is not compared.
  const holds = scope.restricted ? (part: string) => part === OTHER_PART || scope.includes(part) : undefined;
  const stop = new AbortController();
  const region = createRegionReader(regionOptions);
  const disk = path
    ? createDisk({ path, scope, replica, log, intervalMs: SNAPSHOT_INTERVAL_MS, history })
    : undefined;
  const follower = createFollower({ region, replica, log, history, fallback: disk?.load });
  const drift = createDrift({ region, replica, follower, log, ...(holds && { holds }) });
  const intervalMs = config.CHECK_REGION_MS;
  const regionCheck = createRegionCheck({ region, replica, drift, log, intervalMs, ...(holds && { holds }) });
  const running = [follower, drift, regionCheck, disk].map(each => each?.run(stop.signal));
  return {
    follower,
    drift,
    regionCheck,
    disk,
    end: async () => {
      stop.abort();
      region.close();
      await Promise.all(running);
    },
  };
}
