/** The metrics that the code makes, read from its sources, and what docs/operating.md says of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
export const operatingPage = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8');

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map(path => readFileSync(join(ROOT, folder, path), 'utf8'));

/** What parts of names that are put together may be: `${kind}` of what is counted, `${what}` in the file itself. */
const KIND = /(?:createIntake|createNodeTally)\(\{\s*kind: '(\w+)'/g;
const WHAT = /= counter\('(\w+)'/g;
export const all = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(match => match[1]!);

export function madeIn(folder: string): readonly string[] {
  const sources = sourcesBelow(folder);
  const kinds = sources.flatMap(text => all(KIND, text));
  const filled = (name: string, part: string, values: readonly string[]) =>
    name.includes(part) ? values.map(value => name.replace(part, value)) : [name];
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: as it stands in the sources
  const names = sources.flatMap(text =>
    all(/['`](qv_[\w${}]+)['`]/g, text)
      .flatMap(name => filled(name, '${kind}', kinds))
      .flatMap(name => filled(name, '${what}', all(WHAT, text))),
  );
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as it stands in the sources
  return [...new Set(names)].sort();
}

export const METRIC_FOLDERS = ['apps/authority', 'apps/read-node', 'packages'] as const;

/** Those that are exposed as `_bucket`, `_sum` and `_count`. */
export const histogramsMade = (): readonly string[] =>
  METRIC_FOLDERS.flatMap(sourcesBelow).flatMap(text => all(/\bhistogram\(\s*'(qv_\w+)'/g, text));

/** Labels of each metric, as the tables of the page have them. */
export const documentedLabels = (): ReadonlyMap<string, readonly string[]> =>
  new Map(
    [...operatingPage.matchAll(/^\| `(qv_\w+)(?:\{([\w,]+)\})?` \|/gm)].map(([, name, labels]) => [
      name!,
      labels?.split(',') ?? [],
    ]),
  );
