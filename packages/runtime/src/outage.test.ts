import { expect, test } from 'vitest';
import type { Log } from './log.ts';
import { createOutage } from './outage.ts';

function listening() {
  const lines: string[] = [];
  const note = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level} ${message}`);
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  return { lines, log };
}

test('is told once for each reason, and once when it is over', () => {
  const { lines, log } = listening();
  const outage = createOutage(log, 'it fails');
  outage.over();
  expect(lines).toEqual([]);
  for (const reason of ['a', 'a', 'b', 'a', 'b']) outage.failed(new Error(reason));
  expect(lines).toEqual(['warn it fails', 'warn it fails']);
  expect(outage.present).toBe(true);
  outage.over();
  outage.over();
  expect(lines.slice(2)).toEqual(['info no longer: it fails']);
  expect(outage.present).toBe(false);
  outage.failed(new Error('a'));
  expect(lines.slice(3)).toEqual(['warn it fails']);
});

test('reasons without number are not told without end', () => {
  const { lines, log } = listening();
  const outage = createOutage(log, 'it fails');
  for (let count = 0; count < 1_000; count++) outage.failed(`after ${count} ms`);
  expect(lines).toHaveLength(10);
});
