/** The regions' numbers for Prometheus, reckoned when scraped. */
import { AgeState } from '@quantivista/contracts';
import type { Metrics } from '@quantivista/runtime';
import { behindOthers, regionState } from './region-list.ts';
import type { Regions } from './regions.ts';

export function registerNetworkMetrics({ observed, observedBy }: Metrics, regions: Regions): void {
  observed('qv_regions', 'live regions', () => regions.heads().length);
  observedBy(
    'qv_region_behind',
    'changes that another region has applied and this one has not',
    'region',
    () => behindOthers(regions.heads()),
  );
  observedBy('qv_region_state', '0 fresh, 1 aging, 2 stale', 'region', () => {
    const now = Date.now();
    return new Map(
      regions.heads().map(report => [report.region, AgeState.options.indexOf(regionState(report, now))]),
    );
  });
}
