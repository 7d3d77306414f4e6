/** The package as another project has it: built, in its node_modules, with nothing of ours around it. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, runtimes } from '../../infra/stack/programs.ts';
import { GENERATION, heartbeat } from '../../packages/sdk/test/frames.ts';
import { startScriptedNode } from '../../packages/sdk/test/scripted-node.ts';
import { lasting, limited } from '../../packages/sdk/test/scripts.ts';

const HOME = join(ROOT, 'packages/sdk');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

let project: string;
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'qv-package-'));
  const home = join(project, 'node_modules/@quantivista/sdk');
  mkdirSync(home, { recursive: true });
  await tsc(join(HOME, 'tsconfig.build.json'), '--outDir', join(home, 'dist'));
  const { publishConfig, ...described } = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8'));
  writeFileSync(join(home, 'package.json'), JSON.stringify({ ...described, ...publishConfig }));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const run = async (command: string, ...args: string[]) => (await promisify(execFile)(command, args)).stdout;
const tsc = (home: string, ...args: string[]) => run(runtimes.node(), TSC, '-p', home, ...args);

const programFor = (node: string, stateFile: string) => `
import { createConfigClient } from '@quantivista/sdk';
import { createStateFile } from '@quantivista/sdk/state-file';

const config = createConfigClient({
  nodes: ['${node}'],
  environment: 'production',
  service: 'risk_engine',
  parse: ({ limit }) => ({ limit: Number(limit) }),
  stateStore: createStateFile('${stateFile}'),
});
await config.ready();
const { generation } = config.applied;
console.log(JSON.stringify({ twice: 2 * config.settings.limit, generation }));
config.close();
`;

test.each(['node', 'bun'] as const)('a program on %s uses it, and ends', async runtime => {
  const scripted = await startScriptedNode(lasting(limited(7, 10), heartbeat(7)));
  try {
    const program = join(project, 'program.mjs');
    writeFileSync(program, programFor(scripted.url, join(project, `state-on-${runtime}.json`)));
    expect(JSON.parse(await run(runtimes[runtime](), program))).toEqual({
      twice: 20,
      generation: GENERATION,
    });
  } finally {
    await scripted.stop();
  }
});

/** What the document shows, as one program. */
const documented = [...readFileSync(join(ROOT, 'docs/sdk.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
  .map(([, code]) => code)
  .join('');

test('its types stand alone, by the strictest settings, and docs/sdk.md is right', async () => {
  const lib = ['ES2023', 'ESNext.Disposable', 'DOM'];
  const strictest = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false };
  const compilerOptions = {
    ...strictest,
    target: 'ES2023',
    lib,
    module: 'NodeNext',
    types: [],
    noEmit: true,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.mts'] }));
  const program = join(project, 'program.mts');
  writeFileSync(program, programFor('http://node', 'state.json'));
  await tsc(project);
  writeFileSync(program, documented);
  await tsc(project);
  writeFileSync(program, programFor('http://node', 'state.json').replace('.limit', '.no_such_setting'));
  await expect(tsc(project)).rejects.toMatchObject({ stdout: expect.stringContaining('no_such_setting') });
});
