/** What an expression of PromQL names: enough of its grammar for the rules and dashboards of this repository. */

export interface Named {
  readonly metrics: readonly string[];
  /** Label → the metrics that it is asked of: those before its braces, or all of the expression. */
  readonly labels: readonly (readonly [label: string, metrics: readonly string[]])[];
}

const WORDS = new Set(['by', 'on', 'without', 'ignoring', 'group_left', 'group_right']);
const OPERATORS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'inf', 'nan']);

export function namedIn(expr: string): Named {
  const labels: [string, string[]][] = [];
  const grouped: string[] = [];
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/(\w+)\{([^}]*)\}/g, (_, metric: string, matchers: string) => {
      for (const [, label] of matchers.matchAll(/(\w+)\s*[=!]/g)) labels.push([label!, [metric]]);
      return metric;
    })
    .replaceAll(new RegExp(`\\b(?:${[...WORDS].join('|')})\\s*\\(([^)]*)\\)`, 'g'), (_, list: string) => {
      grouped.push(...(list.match(/\w+/g) ?? []));
      return ' ';
    });
  const metrics = [...bare.matchAll(/(?<![\w.])([a-zA-Z_]\w*)\b(?!\s*\()/g)]
    .map(match => match[1]!)
    .filter(name => !OPERATORS.has(name.toLowerCase()));
  return { metrics, labels: [...labels, ...grouped.map((label): [string, string[]] => [label, metrics])] };
}
