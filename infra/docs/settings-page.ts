/** `node infra/docs/settings-page.ts` writes docs/settings.md from the schemas; a test in test/architecture compares. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type SettingGroups, type SettingText, settingText } from '@quantivista/runtime';
import { AUTHORITY_SETTINGS } from '../../apps/authority/src/config.ts';
import { READ_NODE_SETTINGS } from '../../apps/read-node/src/config.ts';

export const SETTINGS_PAGE = resolve(import.meta.dirname, '../../docs/settings.md');

const HEAD = `# Settings

Written by \`pnpm settings\` from the schemas in \`apps/*/src/config.ts\`; a test compares. \`--help\` of either app prints the same:

    node apps/authority/src/main.ts --help
    node apps/read-node/src/main.ts --help

Settings are variables of a process's environment, read once at its start. An empty one counts as absent. All that are missing or wrong are named together, and the process ends; values are not repeated in that. Names tell units: \`_MS\` milliseconds, \`_S\` seconds, \`_H\` hours, \`_D\` days, \`_BYTES\` bytes, \`_PER_S\` a second.

Paths named by \`_FILE\` hold one secret, certificate or document each. A dash stands where a setting is not set by default.
`;

interface Row {
  readonly title: string;
  readonly text: SettingText;
}

const rowsOf = (groups: SettingGroups): readonly Row[] =>
  Object.entries(groups).flatMap(([title, shape]) =>
    Object.entries(shape).map(([name, schema]) => ({ title, text: settingText(name, schema) })),
  );

const code = (text: string) => `\`${text}\``;

/** `15000 (15 s)`: the unit is no part of what is set. */
function defaultCell({ required, default: value }: SettingText): string {
  if (required) return '**required**';
  if (value === undefined) return '–';
  const [, set, unit = ''] = /^(.*?)( \(.*\))?$/.exec(value)!;
  return code(set!) + unit;
}

function tables(rows: readonly Row[], cell: (text: SettingText) => string = defaultCell): string {
  const titles = [...new Set(rows.map(({ title }) => title))];
  return titles
    .map(title => {
      const lines = rows
        .filter(row => row.title === title)
        .map(
          ({ text }) => `| ${code(text.name)} | ${cell(text)} | ${text.description.replaceAll('|', '\\|')} |`,
        );
      return [`### ${title}`, '', '| setting | default | what it says |', '|---|---|---|', ...lines].join(
        '\n',
      );
    })
    .join('\n\n');
}

/** The whole page: what both apps have, then what each has alone. */
export function settingsPage(): string {
  const authority = rowsOf(AUTHORITY_SETTINGS);
  const node = rowsOf(READ_NODE_SETTINGS);
  const twin = ({ text }: Row, others: readonly Row[]) =>
    others.find(
      other =>
        other.text.name === text.name &&
        other.text.description === text.description &&
        other.text.required === text.required,
    );
  const shared = authority.filter(row => twin(row, node));
  const sharedCell = (text: SettingText) => {
    const [here, there] = [text, twin({ title: '', text }, node)!.text].map(defaultCell);
    return here === there ? here! : `authority ${here}, node ${there}`;
  };
  const alone = (rows: readonly Row[], others: readonly Row[]) => rows.filter(row => !twin(row, others));
  return [
    HEAD,
    `## Both\n\n${tables(shared, sharedCell)}\n`,
    `## Authority\n\n${tables(alone(authority, node))}\n`,
    `## Read node\n\n${tables(alone(node, authority))}\n`,
  ].join('\n');
}

if (import.meta.main) writeFileSync(SETTINGS_PAGE, settingsPage());
