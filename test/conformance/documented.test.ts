/** docs/openfeature.md tells each difference that the tests know, and each client in the version that is tested. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DIFFERENCES } from './differences.ts';
import { LANGUAGES } from './languages.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const document = read('docs/openfeature.md');

test.each(DIFFERENCES)('$what', ({ what }) => {
  expect(document).toContain(`- ${what}`);
});

test.each(LANGUAGES)(
  'the provider for $name, and where it departs',
  ({ provider, folder, manifest, departures }) => {
    const row = document.split('\n').find(line => line.includes(`\`${provider}\``));
    const version = row?.match(/ (\d+\.\d+\.\d+) /)?.[1];
    expect(read(`test/conformance/${folder}/${manifest}`)).toContain(version);
    for (const { what } of departures) expect(row).toContain(what);
  },
);

test.each(['server-sdk', 'ofrep-provider', 'web-sdk', 'ofrep-web-provider'])('@openfeature/%s', name => {
  const version = read('pnpm-workspace.yaml').match(`"@openfeature/${name}": (\\S+)`)?.[1];
  expect(document).toContain(`\`@openfeature/${name}\` ${version} `);
});
