/** `pnpm soak [--minutes 30 --watchers 5000 --services 200 --rate 100 --seed N --threads 2 --only REGEXP]` */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { percentiles } from '../bench/percentiles.ts';
import { recordRecovery } from '../harness/recovery.ts';
import { withSoakNetwork } from './live/network.ts';
import { soak } from './live/run.ts';
import { kindOf, summary, violationReport } from './live/summary.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    watchers: { type: 'string', default: '5000' },
    services: { type: 'string', default: '200' },
    rate: { type: 'string', default: '100' },
    only: { type: 'string', default: '.' },
    threads: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
console.log(`seed ${seed}`);
const result = await withSoakNetwork(network =>
  soak({
    network,
    durationMs: Number(values.minutes) * 60_000,
    watchers: Number(values.watchers),
    services: Number(values.services),
    rate: Number(values.rate),
    threads: Number(values.threads),
    seed,
    only: new RegExp(values.only),
    onProgress: line => console.log(line),
  }),
);
console.log(summary(result));
for (const [kind, all] of Map.groupBy(result.struck, kindOf)) {
  const known = all.flatMap(({ recoveryMs }) => recoveryMs ?? []);
  if (known.length === 0) continue;
  recordRecovery({
    fault: kind,
    what: 'soak: from the beginning of healing until every node and watcher has caught up, median',
    recoveryMs: percentiles(known).p50,
    note: `${known.length} times, ${percentiles(known).max.toFixed(0)} ms at most`,
  });
}
if (result.violations.length > 0) {
  console.error(violationReport(result, seed));
  process.exitCode = 1;
}
