/** Every setting is described where it is declared; docs/settings.md and `--help` say that, and nothing else. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { type SettingGroups, settingText } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { AUTHORITY_SETTINGS } from '../../apps/authority/src/config.ts';
import { READ_NODE_SETTINGS } from '../../apps/read-node/src/config.ts';
import { SETTINGS_PAGE, settingsPage } from '../../infra/docs/settings-page.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const APPS: [string, SettingGroups][] = [
  ['authority', AUTHORITY_SETTINGS],
  ['read-node', READ_NODE_SETTINGS],
];

const settingsOf = (groups: SettingGroups) =>
  Object.values(groups).flatMap(shape =>
    Object.entries(shape).map(([name, schema]) => settingText(name, schema)),
  );

test.each(APPS)('each setting of the %s stands in one group, and is described', (_app, groups) => {
  const settings = settingsOf(groups);
  const names = settings.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(settings.filter(({ description }) => !/^[A-Z].*\.$/s.test(description))).toEqual([]);
});

test('docs/settings.md is what the schemas say: `pnpm settings` writes it', () => {
  expect(readFileSync(SETTINGS_PAGE, 'utf8')).toBe(settingsPage());
});

test.each(APPS)(
  '--help of the %s prints every setting, and needs none',
  { timeout: 60_000 },
  (app, groups) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, `apps/${app}/src/main.ts`), '--help'],
      { encoding: 'utf8', env: {} },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(settingsOf(groups).filter(({ name }) => !stdout.includes(`\n  ${name}`))).toEqual([]);
  },
);

/** Of the command line, of runtimes and of libraries. */
const OTHERS = new Set([
  'QVC_CA_FILE',
  'QVC_TOKEN',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'SO_REUSEPORT',
  'VAULT_SKIP_VERIFY',
]);

test('settings that pages name are there', () => {
  const known = new Set(APPS.flatMap(([, groups]) => settingsOf(groups).map(({ name }) => name)));
  const folder = join(ROOT, 'docs');
  const pages = readdirSync(folder).filter(name => name.endsWith('.md'));
  const texts = [...pages.map(name => join(folder, name)), join(ROOT, 'README.md')].map(path =>
    readFileSync(path, 'utf8'),
  );
  const named = texts.flatMap(text =>
    [...text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)].map(match => match[1]!),
  );
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter(name => !known.has(name) && !OTHERS.has(name))).toEqual([]);
});
