/** The use of flags at the centre: what takes counts in, and what answers for them. */
import type { Audit } from '@quantivista/audit';
import type { Metrics } from '@quantivista/runtime';
import type { z } from 'zod';
import type { AuthorityEnvironment } from '../../config.ts';
import { createFlagUsages, type FlagUsages } from './flag-usage.ts';
import { createIntake, type IntakeOptions } from './intake.ts';
import { registerUsageMetrics } from './usage-metrics.ts';

export interface UsageOptions extends Pick<IntakeOptions, 'etcd' | 'leadership' | 'log'> {
  readonly audit: Pick<Audit, 'flagUsage'>;
  readonly config: Readonly<z.output<typeof AuthorityEnvironment>>;
  readonly metrics: Metrics;
}

export interface Usage extends FlagUsages {
  /** Take counts in until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A bundle waits for a day at the most in each region on its way: its id is kept for as many as there may be. */
const BUNDLES_KEPT_MS = 7 * DAY_MS;

export function createUsage({ audit, config, metrics, ...rest }: UsageOptions): Usage {
  const kept = {
    minutesMs: config.USAGE_MINUTES_KEPT_H * HOUR_MS,
    hoursMs: config.USAGE_HOURS_KEPT_D * DAY_MS,
    bundlesMs: BUNDLES_KEPT_MS,
  };
  const { flagUsage } = audit;
  const intervalMs = config.IMPRESSIONS_INTERVAL_MS;
  const intake = createIntake({ usage: flagUsage, kept, intervalMs, ...rest });
  registerUsageMetrics(metrics, intake);
  return { ...createFlagUsages(flagUsage, kept), run: intake.run };
}
