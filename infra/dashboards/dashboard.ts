/** A dashboard as Grafana reads it: core panels alone, in a grid, with the datasource and what is looked at as variables. */
import type { Panel } from './panel.ts';

export interface Dashboard {
  /** Of its file and of its address in Grafana. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Label of a variable → the series whose values of that label it offers. */
  readonly variables: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

const DATASOURCE = { type: 'prometheus', uid: '$' + '{datasource}' };
const GRID = 24;
const SIZES = { timeseries: { w: 8, h: 7 }, stat: { w: 4, h: 4 }, table: { w: 24, h: 7 } } as const;

/** All of them unless some are chosen: also what has no such label. */
const variable = (name: string, series: string) => ({
  name,
  type: 'query',
  label: name,
  datasource: DATASOURCE,
  query: { query: `label_values(${series}, ${name})`, refId: name },
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
  refresh: 2,
  sort: 1,
});

const letter = (index: number) => String.fromCharCode(65 + index);

function targets({ kind, queries }: Panel) {
  const shape = {
    timeseries: {},
    stat: { instant: true, range: false },
    table: { instant: true, range: false, format: 'table' },
  }[kind];
  return Object.entries(queries).map(([legend, expr], index) => ({
    refId: letter(index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend === '' ? '__auto' : legend,
    ...shape,
  }));
}

/** One row for what several queries say of the same thing, under their legends. */
function joined({ kind, queries }: Panel) {
  if (kind !== 'table') return {};
  const legends = Object.keys(queries);
  const nameOf = (index: number) => (legends.length === 1 ? 'Value' : `Value #${letter(index)}`);
  const renameByName = Object.fromEntries(legends.map((legend, index) => [nameOf(index), legend]));
  const excludeByName = { Time: true, __name__: true, alertstate: true };
  return {
    transformations: [
      { id: 'merge', options: {} },
      { id: 'organize', options: { excludeByName, renameByName } },
    ],
  };
}

function fieldConfig({ unit, from, words }: Panel) {
  const steps = Object.entries(from ?? {}).map(([value, color], index) => ({
    // The first one holds for everything below the next.
    value: index === 0 ? null : Number(value),
    color,
  }));
  const options = Object.fromEntries(Object.entries(words ?? {}).map(([value, text]) => [value, { text }]));
  return {
    defaults: {
      unit,
      ...(from && { color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } }),
      ...(words && { mappings: [{ type: 'value', options }] }),
    },
    overrides: [],
  };
}

/** Its rows from top to bottom, their panels from left to right. */
function placed(rows: Dashboard['rows']) {
  const panels: object[] = [];
  let [x, y, rowHeight] = [0, 0, 0];
  const place = (panel: object, w: number, h: number) => {
    if (x + w > GRID) [x, y, rowHeight] = [0, y + rowHeight, 0];
    panels.push({ id: panels.length + 1, ...panel, gridPos: { x, y, w, h } });
    [x, rowHeight] = [x + w, Math.max(rowHeight, h)];
  };
  for (const [title, inRow] of Object.entries(rows)) {
    x = GRID;
    place({ type: 'row', title, collapsed: false, panels: [] }, GRID, 1);
    for (const panel of inRow) {
      const { w, h } = SIZES[panel.kind];
      const { kind: type, title, description } = panel;
      const about = { type, title, description, datasource: DATASOURCE };
      place({ ...about, fieldConfig: fieldConfig(panel), targets: targets(panel), ...joined(panel) }, w, h);
    }
  }
  return panels;
}

/** The text of its file. */
export function dashboardJson({ name, title, description, variables, rows }: Dashboard): string {
  const model = {
    uid: `quantivista-${name}`,
    title: `QuantiVista Config: ${title}`,
    description,
    tags: ['quantivista'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    links: [
      {
        type: 'dashboards',
        title: 'QuantiVista Config',
        tags: ['quantivista'],
        asDropdown: true,
        keepTime: true,
      },
    ],
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', label: 'Prometheus', query: 'prometheus' },
        ...Object.entries(variables).map(([label, series]) => variable(label, series)),
      ],
    },
    panels: placed(rows),
  };
  return `${JSON.stringify(model, undefined, 2)}\n`;
}
