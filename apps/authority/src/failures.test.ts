import { ServiceError } from '@quantivista/contracts';
import { createMetrics, type Log, silentLog } from '@quantivista/runtime';
import { expect, test } from 'vitest';
import { createFailures } from './failures.ts';

function start() {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, error: (fields: object) => void lines.push(fields) };
  const metrics = createMetrics({ process: false });
  const counted = async () =>
    Object.fromEntries(
      [...(await metrics.render()).matchAll(/qv_failed_total\{code="(\w+)"\} (\d+)/g)]
        .filter(([, , count]) => count !== '0')
        .map(([, code, count]) => [code, Number(count)]),
    );
  return { failures: createFailures(log, metrics), lines, counted };
}

test('each that is the authority’s own fault is counted, a flood of them is a line', async () => {
  const { failures, lines, counted } = start();
  for (let n = 0; n < 100; n++) failures.take(new ServiceError('store_unavailable'));
  failures.take(new ServiceError('audit_unavailable'));
  expect(await counted()).toEqual({ store_unavailable: 100, audit_unavailable: 1 });
  expect(lines).toHaveLength(2);
});

test('a bug is told each time', async () => {
  const { failures, lines, counted } = start();
  failures.take(new TypeError('a bug'));
  failures.take(new ServiceError('internal'));
  expect(await counted()).toEqual({ internal: 2 });
  expect(lines).toHaveLength(2);
});

test('what the caller did wrong is neither, and who asks whether it is ready is not told of', async () => {
  const { failures, lines, counted } = start();
  failures.take(new ServiceError('conflict'));
  failures.take(new ServiceError('forbidden'));
  failures.take(new ServiceError('not_ready'));
  expect(await counted()).toEqual({ not_ready: 1 });
  expect(lines).toEqual([]);
});

test('what is to be expected begins at none, so that the first is an increase', async () => {
  const metrics = createMetrics({ process: false });
  createFailures(silentLog, metrics);
  expect(await metrics.render()).toContain('qv_failed_total{code="store_unavailable"} 0');
});
