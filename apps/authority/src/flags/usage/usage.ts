/** The use of flags at the centre: what takes counts in, lets go of old ones, and answers for them. */
import type { Audit, UsageKept } from '@quantivista/audit';
import { IMPRESSIONS_PREFIX, ImpressionBundle } from '@quantivista/contracts';
import { pause } from '@quantivista/runtime';
import type { z } from 'zod';
import type { AuthorityEnvironment } from '../../config.ts';
import { createIntake, type IntakeOptions } from '../../network/intake.ts';
import { createFlagUsages, type FlagUsages } from './flag-usage.ts';

export interface UsageOptions
  extends Pick<IntakeOptions<ImpressionBundle>, 'etcd' | 'leadership' | 'metrics' | 'log'> {
  readonly audit: Pick<Audit, 'flagUsage'>;
  readonly config: Readonly<z.output<typeof AuthorityEnvironment>>;
}

export interface Usage extends FlagUsages {
  /** Take counts in until `signal` aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A bundle waits for a day at the most in each region on its way: its id is kept for as many as there may be. */
const BUNDLES_KEPT_MS = 7 * DAY_MS;
const PRUNE_INTERVAL_MS = 600_000;

export function createUsage({ audit: { flagUsage }, config, ...rest }: UsageOptions): Usage {
  const kept: UsageKept = {
    minutesMs: config.USAGE_MINUTES_KEPT_H * HOUR_MS,
    hoursMs: config.USAGE_HOURS_KEPT_D * DAY_MS,
    bundlesMs: BUNDLES_KEPT_MS,
  };
  const evaluations = rest.metrics.counter('qv_impressions_taken_total', 'evaluations taken in');
  const intake = createIntake({
    kind: 'impressions',
    prefix: IMPRESSIONS_PREFIX,
    schema: ImpressionBundle,
    take: async bundle => {
      const isNew = await flagUsage.take(bundle);
      if (isNew) evaluations.inc(evaluationsOf(bundle));
      return isNew;
    },
    intervalMs: config.IMPRESSIONS_INTERVAL_MS,
    ...rest,
  });

  async function prune(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (rest.leadership.leading)
        await flagUsage
          .prune(kept)
          .catch(error => rest.log.warn({ err: error }, 'old counts of evaluations stay for now'));
      await pause(PRUNE_INTERVAL_MS, signal);
    }
  }

  return {
    ...createFlagUsages(flagUsage, kept),
    run: async signal => {
      await Promise.all([intake.run(signal), prune(signal)]);
    },
  };
}

const evaluationsOf = ({ windows }: ImpressionBundle): number =>
  windows
    .flatMap(({ flags, other }) => [other, ...Object.values(flags).flatMap(of => Object.values(of))])
    .reduce((sum, count) => sum + count, 0);
