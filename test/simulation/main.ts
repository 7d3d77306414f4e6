/**
 * `pnpm simulate [--scenario NAME] [--regions N] [--nodes N] [--clients N] [--seed N] [--write FILE]`: run the
 * scenarios, print what they show, and put it between the marks of the page FILE.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fillPage } from './page.ts';
import { runScenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { renderTable } from './tables.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    regions: { type: 'string', default: '1000' },
    nodes: { type: 'string', default: '100' },
    clients: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    write: { type: 'string' },
  },
});
const positive = (name: 'regions' | 'nodes' | 'clients' | 'seed'): number => {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} is not a positive integer`);
  return number;
};
const size = { regions: positive('regions'), nodes: positive('nodes'), clients: positive('clients') };
const seed = positive('seed');
const chosen = SCENARIOS.filter(({ name }) => values.scenario === undefined || values.scenario === name);
if (chosen.length === 0)
  throw new Error(`--scenario is one of ${SCENARIOS.map(({ name }) => name).join(', ')}`);

for (const scenario of chosen) {
  const startedAt = performance.now();
  const { tables, hash, events, ranMs } = await runScenario(scenario, size, seed);
  const tookS = Math.round((performance.now() - startedAt) / 1_000);
  const run =
    `${size.regions} regions × ${size.nodes} nodes × ${size.clients} clients, seed ${seed}: ` +
    `${(ranMs / 1_000).toFixed(1)} s of virtual time, ${events} events, log ${hash}.`;
  const text = [run, ...tables.map(renderTable)].join('\n\n');
  console.log(`## ${scenario.title}\n\n${text}\n\n(${tookS} s)\n`);
  if (values.write)
    writeFileSync(values.write, fillPage(readFileSync(values.write, 'utf8'), scenario.name, text));
}
