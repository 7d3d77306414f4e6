/** What is known of the use of flags, put together from the store's flags and the counts. */
import type { FlagUsageTable, UsageKept } from '@quantivista/audit';
import {
  type FeatureFlag,
  type FlagUsage,
  type FlagUsageEntry,
  type FlagUsageList,
  offVariant,
  type Step,
} from '@quantivista/contracts';

export interface UsageSpan {
  readonly sinceMs: number;
  /** @default by the length of the span */
  readonly step?: Step | undefined;
}

export interface UsagePage {
  readonly unusedForMs?: number | undefined;
  readonly limit: number;
  readonly after?: string | undefined;
}

const STEP_MS = { minute: 60_000, hour: 3_600_000 } as const satisfies Record<Step, number>;
/** A longer span comes by hours, unless minutes are asked for. */
const LONGEST_BY_MINUTES_MS = 3 * STEP_MS.hour;

const isoOrNull = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString();

export interface FlagUsages {
  /** Of these flags, by name. */
  list(flags: readonly FeatureFlag[], span: UsageSpan, page: UsagePage): Promise<FlagUsageList>;
  /** Of one name; `undefined` where there is neither such a flag nor anything known of its use. */
  of(name: string, flag: FeatureFlag | undefined, span: UsageSpan): Promise<FlagUsage | undefined>;
}

/** @throws all its calls: ServiceError `audit_unavailable` */
export function createFlagUsages(
  table: FlagUsageTable,
  kept: Pick<UsageKept, 'minutesMs' | 'hoursMs'>,
): FlagUsages {
  /** From a whole minute or hour on, and no longer ago than it is kept. */
  function settle({ sinceMs, step: wanted }: UsageSpan): { step: Step; fromMs: number } {
    const nowMs = Date.now();
    const step = wanted ?? (nowMs - sinceMs <= LONGEST_BY_MINUTES_MS ? 'minute' : 'hour');
    const keptMs = step === 'minute' ? kept.minutesMs : kept.hoursMs;
    const fromMs = Math.max(sinceMs, nowMs - keptMs, 0);
    return { step, fromMs: Math.floor(fromMs / STEP_MS[step]) * STEP_MS[step] };
  }

  return {
    list: async (flags, span, { unusedForMs, limit, after = '' }) => {
      const { step, fromMs } = settle(span);
      const [countingMs, lastSeen] = await Promise.all([table.countingSince(), table.lastSeen()]);
      const isWanted = (flag: FeatureFlag) =>
        flag.flag_name > after &&
        (unusedForMs === undefined ||
          isUnused(flag, lastSeen.get(flag.flag_name), countingMs, Date.now() - unusedForMs));
      const wanted = flags.filter(isWanted).sort((a, b) => (a.flag_name < b.flag_name ? -1 : 1));
      const page = wanted.slice(0, limit);
      const totals = await table.totals([...page.map(flag => flag.flag_name), ''], step, fromMs);
      return {
        since: new Date(fromMs).toISOString(),
        counting_since: isoOrNull(countingMs),
        flags: page.map(
          ({ flag_name, archived = false, created_at }): FlagUsageEntry => ({
            flag_name,
            archived,
            ...(created_at !== undefined && { created_at }),
            last_seen: isoOrNull(lastSeen.get(flag_name)),
            evaluations: totals.get(flag_name) ?? 0,
          }),
        ),
        other: totals.get('') ?? 0,
        ...(wanted.length > limit && { next_after: page.at(-1)!.flag_name }),
      };
    },

    of: async (name, flag, span) => {
      const { step, fromMs } = settle(span);
      const [countingMs, lastSeen, counted, regions] = await Promise.all([
        table.countingSince(),
        table.lastSeen(name),
        table.variants(name, step, fromMs),
        table.regions(name, step, fromMs),
      ]);
      const seenMs = lastSeen.get(name);
      if (!flag && seenMs === undefined) return undefined;
      const byVariant = new Map<string | null, number>();
      for (const { variant, evaluations } of counted)
        byVariant.set(variant, (byVariant.get(variant) ?? 0) + evaluations);
      const total = [...byVariant.values()].reduce((sum, count) => sum + count, 0);
      return {
        flag_name: name,
        since: new Date(fromMs).toISOString(),
        counting_since: isoOrNull(countingMs),
        step,
        last_seen: isoOrNull(seenMs),
        evaluations: total,
        rollout_percentage: flag?.rollout_percentage ?? null,
        reached_percentage: flag ? reached(byVariant, offVariant(flag)) : null,
        variants: [...byVariant]
          .map(([variant, evaluations]) => ({ variant, evaluations, share: percent(evaluations, total) }))
          .sort((a, b) => b.evaluations - a.evaluations),
        regions,
        series: counted.map(({ atMs, variant, evaluations }) => ({
          at: new Date(atMs).toISOString(),
          variant,
          evaluations,
        })),
      };
    },
  };
}

/** Whether nobody has evaluated it since `beforeMs`: known only where both it and counting are older. */
function isUnused(
  { created_at }: FeatureFlag,
  lastSeenMs: number | undefined,
  countingMs: number | undefined,
  beforeMs: number,
): boolean {
  if (countingMs === undefined || countingMs > beforeMs) return false;
  if (created_at !== undefined && Date.parse(created_at) > beforeMs) return false;
  return lastSeenMs === undefined || lastSeenMs < beforeMs;
}

const percent = (part: number, whole: number): number => Math.round((part / whole) * 10_000) / 100;

/** Of the evaluations that served a variant, those that served another than the off variant. */
function reached(byVariant: ReadonlyMap<string | null, number>, off: string): number | null {
  let served = 0;
  for (const [variant, evaluations] of byVariant) if (variant !== null) served += evaluations;
  return served === 0 ? null : percent(served - (byVariant.get(off) ?? 0), served);
}
