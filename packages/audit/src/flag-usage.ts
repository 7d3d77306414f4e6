/** How often flags were evaluated: by minutes, by hours for longer, and when each was last. */
import type { ImpressionBundle, Step } from '@quantivista/contracts';
import type { Pool } from 'pg';
import { takeOnce } from './bundles.ts';

export interface UsageOfVariant {
  /** When the minute or hour began: milliseconds since the epoch. */
  readonly atMs: number;
  /** `null`: the evaluations served none. */
  readonly variant: string | null;
  readonly evaluations: number;
}

/** How long minutes, hours, and the ids of what was taken are kept. */
export interface UsageKept {
  readonly minutesMs: number;
  readonly hoursMs: number;
  readonly bundlesMs: number;
}

export interface FlagUsageTable {
  /** Add what a region has counted; false where that was taken before. Windows that have not begun count for now. */
  take(bundle: ImpressionBundle): Promise<boolean>;
  /** Since when evaluations are known; `undefined` before the first bundle. In milliseconds since the epoch. */
  countingSince(): Promise<number | undefined>;
  /** The minute in which each was last evaluated, of all flags or of one. In milliseconds since the epoch. */
  lastSeen(flag?: string): Promise<ReadonlyMap<string, number>>;
  /** Evaluations of flags since then; of no flag in particular under ''. */
  totals(flags: readonly string[], step: Step, sinceMs: number): Promise<ReadonlyMap<string, number>>;
  /** Of one flag, oldest first. */
  variants(flag: string, step: Step, sinceMs: number): Promise<UsageOfVariant[]>;
  /** Of one flag, by region. */
  regions(flag: string, step: Step, sinceMs: number): Promise<{ region: string; evaluations: number }[]>;
  /** Delete what is older; answers how many rows. */
  prune(kept: UsageKept): Promise<number>;
}

const TABLES = { minute: 'flag_usage_minute', hour: 'flag_usage_hour' } as const satisfies Record<
  Step,
  string
>;

/** Always by flag: two who add at once wait for each other, and neither for ever. */
const adding = (step: Step) => `
  INSERT INTO ${TABLES[step]} AS held (at, flag_name, variant, region, count)
  SELECT date_trunc('${step}', at, 'UTC') AS at, flag, variant, $1, sum(count) FROM told
  GROUP BY 1, 2, 3 ORDER BY flag COLLATE "C", 1, variant
  ON CONFLICT (flag_name, at, variant, region) DO UPDATE SET count = held.count + excluded.count`;
const TAKE = `
  WITH told AS (
    SELECT least(to_timestamp(at / 1000.0), now()) AS at, flag, variant, count
    FROM jsonb_to_recordset($2) AS told(at bigint, flag text, variant text, count bigint)
  ), minutes AS (${adding('minute')}), hours AS (${adding('hour')})
  INSERT INTO flag_last_seen AS held (flag_name, at)
  SELECT flag, date_trunc('minute', max(at), 'UTC') FROM told WHERE flag <> '' GROUP BY flag ORDER BY flag COLLATE "C"
  ON CONFLICT (flag_name) DO UPDATE SET at = greatest(held.at, excluded.at)`;

/** Rows written or deleted by one statement: each has its limit of time. */
const TAKE_ROWS = 2_000;
const PRUNE_ROWS = 10_000;
const PRUNED = [
  ['flag_usage_minute', 'at', 'minutesMs'],
  ['flag_usage_hour', 'at', 'hoursMs'],
  ['taken_bundle', 'taken_at', 'bundlesMs'],
] as const satisfies [table: string, column: string, kept: keyof UsageKept][];

const MS = '(extract(epoch FROM at) * 1000)::bigint';
const FROM = 'to_timestamp($2 / 1000.0)';

export const createFlagUsage = (pool: Pool): FlagUsageTable => ({
  take: bundle =>
    takeOnce(pool, bundle, async client => {
      await client.query('INSERT INTO flag_usage_since (at) VALUES (now()) ON CONFLICT DO NOTHING');
      const rows = rowsOf(bundle);
      for (let from = 0; from < rows.length; from += TAKE_ROWS)
        await client.query(TAKE, [bundle.region, JSON.stringify(rows.slice(from, from + TAKE_ROWS))]);
    }),
  countingSince: async () => {
    const { rows } = await pool.query<{ ms: string }>(`SELECT ${MS} AS ms FROM flag_usage_since`);
    return rows[0] && Number(rows[0].ms);
  },
  lastSeen: async flag => {
    const { rows } = await pool.query<{ flag_name: string; ms: string }>(
      `SELECT flag_name, ${MS} AS ms FROM flag_last_seen WHERE $1::text IS NULL OR flag_name = $1`,
      [flag ?? null],
    );
    return new Map(rows.map(row => [row.flag_name, Number(row.ms)]));
  },
  totals: async (flags, step, sinceMs) => {
    const { rows } = await pool.query<{ flag_name: string; total: string }>(
      `SELECT flag_name, sum(count) AS total FROM ${TABLES[step]}
       WHERE flag_name = ANY ($1) AND at >= ${FROM} GROUP BY flag_name`,
      [flags, sinceMs],
    );
    return new Map(rows.map(row => [row.flag_name, Number(row.total)]));
  },
  variants: async (flag, step, sinceMs) => {
    const { rows } = await pool.query<{ ms: string; variant: string; total: string }>(
      `SELECT ${MS} AS ms, variant, sum(count) AS total FROM ${TABLES[step]}
       WHERE flag_name = $1 AND at >= ${FROM} GROUP BY at, variant ORDER BY at, variant`,
      [flag, sinceMs],
    );
    return rows.map(({ ms, variant, total }) => ({
      atMs: Number(ms),
      variant: variant === '' ? null : variant,
      evaluations: Number(total),
    }));
  },
  regions: async (flag, step, sinceMs) => {
    const { rows } = await pool.query<{ region: string; total: string }>(
      `SELECT region, sum(count) AS total FROM ${TABLES[step]}
       WHERE flag_name = $1 AND at >= ${FROM} GROUP BY region ORDER BY region`,
      [flag, sinceMs],
    );
    return rows.map(({ region, total }) => ({ region, evaluations: Number(total) }));
  },
  prune: async kept => {
    let pruned = 0;
    for (const [table, column, keep] of PRUNED) {
      for (let deleted = PRUNE_ROWS; deleted === PRUNE_ROWS; pruned += deleted) {
        const result = await pool.query(
          `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
             WHERE ${column} < now() - $1::float8 * interval '1 millisecond' LIMIT ${PRUNE_ROWS}))`,
          [kept[keep]],
        );
        deleted = result.rowCount ?? 0;
      }
    }
    return pruned;
  },
});

/** By flag. */
const rowsOf = ({ windows }: ImpressionBundle) =>
  windows
    .flatMap(({ at, flags, other }) => [
      ...Object.entries(flags).flatMap(([flag, variants]) =>
        Object.entries(variants).map(([variant, count]) => ({ at, flag, variant, count })),
      ),
      ...(other > 0 ? [{ at, flag: '', variant: '', count: other }] : []),
    ])
    .sort((a, b) => (a.flag < b.flag ? -1 : Number(a.flag > b.flag)));
