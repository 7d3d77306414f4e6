/** The feeding part of a node: the feeder, and beside it the repair of what it has fed. */
import type { Scope } from '@quantivista/contracts';
import { createRegionWriter, type RegionOptions } from '@quantivista/region';
import type { Certificates, Log } from '@quantivista/runtime';
import type { ReadNodeConfig } from '../config.ts';
import { createFeeder, type Feeder, type FeedObserver } from './feeder.ts';
import { listStore } from './list-store.ts';
import { openSource } from './open-source.ts';
import { createRepair, type Repair } from './repair.ts';

export interface FeedingOptions {
  readonly config: ReadNodeConfig;
  /** Of this process, for its source. */
  readonly certificates: Certificates;
  readonly scope: Scope;
  readonly regionOptions: RegionOptions;
  readonly observer: FeedObserver;
  readonly log: Log;
}

export interface Feeding {
  readonly feeder: Feeder;
  readonly repair: Repair;
  end(): Promise<void>;
}

/** @throws Error where the settings name no source */
export function startFeeding(options: FeedingOptions): Feeding {
  const { config, certificates, scope, regionOptions, observer, log } = options;
  const stop = new AbortController();
  const { source, close } = openSource(config, certificates, scope);
  const region = createRegionWriter(regionOptions);
  const feeder = createFeeder({ source, region, log, observer });
  const repair = createRepair({ list: () => listStore(source), region, log });
  const running = [feeder, repair].map(each => each.run(stop.signal));
  return {
    feeder,
    repair,
    end: async () => {
      stop.abort();
      // Whoever waits for one of them learns that it is closed: else it would wait until it does not answer in time.
      close();
      region.close();
      await Promise.all(running);
    },
  };
}
