import type { AuditEntry } from '@quantivista/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CSV_HEADING, csvCell, csvLine } from './audit-csv.ts';

const entry: AuditEntry = {
  id: 'id',
  outcome: 'committed',
  kind: 'configuration',
  environment: 'TEST',
  service_name: 'risk',
  config_key: 'limit',
  version: 1,
  deleted: false,
  old_value: null,
  new_value: { text: 'a, "b"\r\nc' },
  config_type: 'APPLICATION_CONFIG',
  description: '=HYPERLINK("http://evil.example","click")',
  updated_by: '@admin',
  reason: 'because, well',
  rollback_available: true,
  intent_id: 'intent',
  generation: 'generation',
  revision: 7,
  created_at: '2026-11-24T09:00:00.000Z',
};

/** By RFC 4180. */
function parseLine(line: string): string[] {
  const cells = [...line.slice(0, -2).matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)];
  return cells.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!);
}

test('an entry is one record, with as many fields as the heading', () => {
  const cells = parseLine(csvLine(entry));
  const names = parseLine(CSV_HEADING);
  expect(cells).toHaveLength(names.length);
  const held = Object.fromEntries(names.map((name, index) => [name, cells[index]]));
  expect(held).toMatchObject({
    reason: 'because, well',
    updated_by: "'@admin",
    description: `'=HYPERLINK("http://evil.example","click")`,
    old_value: 'null',
    new_value: JSON.stringify(entry.new_value),
    revision: '7',
  });
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('%j is no formula', text => {
  expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/);
});

test('any text comes back as it was, but for the apostrophe', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab",\r\n\t=+-@é') }), text => {
      const [cell] = parseLine(`${csvCell(text)}\r\n`);
      expect(cell === text || cell === `'${text}`).toBe(true);
    }),
  );
});
