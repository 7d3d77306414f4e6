/** Entries of the trail as CSV (RFC 4180). */
import type { AuditEntry } from '@quantivista/contracts';

const COLUMNS = [
  'created_at',
  'updated_by',
  'reason',
  'outcome',
  'kind',
  'environment',
  'service_name',
  'config_key',
  'version',
  'revision',
  'deleted',
  'old_value',
  'new_value',
  'config_type',
  'description',
  'rollback_available',
  'intent_id',
  'generation',
  'id',
] as const satisfies readonly (keyof AuditEntry)[];

/** Values, whatever they are, as JSON: so that `"5"` and `5` differ. */
const JSON_COLUMNS: ReadonlySet<string> = new Set(['old_value', 'new_value']);

export const CSV_HEADING = `${COLUMNS.join()}\r\n`;

/** A spreadsheet takes a cell that begins so for a formula, and would run it. */
const FORMULA = /^[=+\-@\t\r]/;

/** In quotes where it needs them; a formula with an apostrophe before it. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** With its line end. */
export function csvLine(entry: AuditEntry): string {
  const cells = COLUMNS.map(name =>
    csvCell(JSON_COLUMNS.has(name) ? JSON.stringify(entry[name]) : entry[name]),
  );
  return `${cells.join()}\r\n`;
}
