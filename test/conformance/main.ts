/**
 * `pnpm conformance`: the official OFREP providers of other languages, each by a small program, ask live nodes for
 * the table of cases. With names of languages it runs these alone. A language whose toolchain is not installed is
 * skipped, and said to be.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { cases, failed, flags, type Seen, TABLE, wanted } from './cases.ts';
import { type FlagNetwork, startFlagNetwork } from './flag-network.ts';
import { LANGUAGES, type Language, located, missingOf, wantedOf } from './languages.ts';

const BUILD_LIMIT_MS = 10 * 60_000;
const RUN_LIMIT_MS = 60_000;

/** @returns what it printed. @throws with what it wrote to its error output */
function execute(command: readonly string[], cwd: string, timeout: number, env = {}): string {
  const [program = '', ...args] = command;
  const options = { cwd, timeout, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr, error } = spawnSync(located(program), args, options);
  if (status !== 0) throw new Error(`${command.join(' ')} failed: ${error?.message ?? ''}\n${stderr}`);
  return stdout;
}

/** Where what it printed is not what it should have. */
function differences(printed: string, expected: readonly Seen[]): string[] {
  const lines = printed.split('\n').filter(Boolean);
  const seen = lines.map(line => {
    const { variant, errorCode, ...rest } = JSON.parse(line) as Seen;
    // Some print null for what is absent.
    return { ...rest, ...(variant && { variant }), ...(errorCode && { errorCode }) };
  });
  const wrong = expected.flatMap((want, index) =>
    isDeepStrictEqual(seen[index], want)
      ? []
      : [`  wanted ${JSON.stringify(want)}\n  got    ${JSON.stringify(seen[index])}`],
  );
  return seen.length === expected.length ? wrong : [...wrong, `  ${seen.length} answers`];
}

/** @returns whether all answers were as they should be */
function check(language: Language, network: FlagNetwork): boolean {
  const dir = mkdtempSync(join(tmpdir(), `qv-conformance-${language.folder}-`));
  try {
    cpSync(join(import.meta.dirname, language.folder), dir, { recursive: true });
    for (const command of language.build) execute(command, dir, BUILD_LIMIT_MS);
    const ask = (url: string, token: string) =>
      execute([...language.run, TABLE], dir, RUN_LIMIT_MS, { OFREP_URL: url, OFREP_TOKEN: token });
    const answered = cases.map(each => wantedOf(language, each, wanted(each)));
    const refused = cases.map(each => failed(each, 'GENERAL'));
    const wrong = network.serving.flatMap(({ url }) => [
      ...differences(ask(url, network.token), answered),
      ...differences(ask(url, 'wrong'), refused),
    ]);
    const verdict = wrong.length === 0 ? 'passed' : `FAILED\n${wrong.join('\n')}`;
    console.log(`${language.name} (${language.provider}): ${verdict}`);
    for (const { what } of language.departures) console.log(`  of this client: ${what}`);
    return wrong.length === 0;
  } catch (error) {
    console.log(`${language.name} (${language.provider}): FAILED\n${(error as Error).message}`);
    return false;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const names = process.argv.slice(2).map(name => name.toLowerCase());
const known = LANGUAGES.map(({ folder }) => folder);
if (names.some(name => !known.includes(name))) {
  console.error(`usage: pnpm conformance [${known.join('|')}] …`);
  process.exit(2);
}
const chosen = LANGUAGES.filter(({ folder }) => names.length === 0 || names.includes(folder));
const skipped = chosen.filter(language => missingOf(language).length > 0);
const network = await startFlagNetwork();
let count = 0;
try {
  await network.putFlags(flags);
  console.log(`${cases.length} cases at a node on Bun and one on Node, then all of them with a wrong token`);
  for (const language of chosen) if (!skipped.includes(language) && check(language, network)) count++;
} finally {
  await network.stop();
}
for (const language of skipped)
  console.log(`${language.name}: SKIPPED, not installed: ${missingOf(language).join(', ')}`);
const failures = chosen.length - skipped.length - count;
console.log(`${count} passed, ${failures} failed, ${skipped.length} skipped`);
process.exitCode = failures > 0 ? 1 : 0;
