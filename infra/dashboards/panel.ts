/** A panel: what is asked of Prometheus, in what unit the answers are, and what they mean to who looks. */

/** Grafana's names: a number, one a second, seconds, bytes, 0 to 1 as per cent. */
export type Unit = 'short' | 'ops' | 's' | 'bytes' | 'percentunit';
export type Colour = 'green' | 'orange' | 'red';

export interface Panel {
  readonly kind: 'timeseries' | 'stat' | 'table';
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  /** Expressions by the legend of their series; of a table, by the heading of their column. */
  readonly queries: Readonly<Record<string, string>>;
  /** Colours from a value on. @default none */
  readonly from?: Readonly<Record<number, Colour>>;
  /** Words in place of numbers. */
  readonly words?: Readonly<Record<number, string>>;
}

type Queries = Panel['queries'];
type Looks = Pick<Panel, 'from' | 'words'>;
const maker =
  (kind: Panel['kind']) =>
  (title: string, description: string, unit: Unit, queries: Queries, looks: Looks = {}): Panel => ({
    kind,
    title,
    description,
    unit,
    queries,
    ...looks,
  });

/** Lines over time. */
export const graph = maker('timeseries');
/** One number for each series, as it is now. */
export const stat = maker('stat');
/** A row for each series, as it is now. */
export const table = maker('table');

/** Of `qv_node_age_state` and `qv_region_state`. */
export const AGE_STATES: Looks = {
  from: { 0: 'green', 1: 'orange', 2: 'red' },
  words: { 0: 'FRESH', 1: 'AGING', 2: 'STALE' },
};
export const GOOD_IF_ONE: Looks = { from: { 0: 'red', 1: 'green' } };
/** What has grown since, by Prometheus, may be a little less than it was. */
export const GOOD_IF_NONE: Looks = { from: { 0: 'green', 0.5: 'red' } };

/** A second, summed up for each value of the labels `by`. */
export const rate = (series: string, by = '') =>
  `sum by (${by}) (rate(${series}[$__rate_interval]))`.replace('by () ', '');

/** What half, and all but one in a hundred, take at the most, for each value of the labels `by`. */
export const quantiles = (histogram: string, by: readonly string[] = []): Queries => {
  const [, name, labels = ''] = /^(\w+)(\{.*\})?$/.exec(histogram)!;
  const buckets = rate(`${name}_bucket${labels}`, [...by, 'le'].join(', '));
  const legend = by.map(label => `{{${label}}} `).join('');
  return {
    [`${legend}half`]: `histogram_quantile(0.5, ${buckets})`,
    [`${legend}99 of 100`]: `histogram_quantile(0.99, ${buckets})`,
  };
};
