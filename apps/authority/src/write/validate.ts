/** What the schemas can't say of a write. Nothing has been touched when this throws. */
import {
  deletedKey,
  fieldFault,
  type Json,
  MAX_BATCH_OPERATIONS,
  MAX_VALUE_BYTES,
  RESERVED_MEMBERS,
  recordKey,
} from '@quantivista/contracts';
import type { WriteRequest } from './request.ts';

/** Deeper values overflow the stack of one that reads them: JSON.stringify, Postgres, a client. */
const MAX_DEPTH = 100;

/** What is wrong with a value's structure, or with a number in it. */
function structuralFault(value: Json, depth = 0): string | undefined {
  // 1e400 is JSON; parsed it is Infinity, and stringified again null.
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'holds a number out of range';
  if (value === null || typeof value !== 'object') return undefined;
  if (depth === MAX_DEPTH) return `is nested over ${MAX_DEPTH} levels deep`;
  const reserved = RESERVED_MEMBERS.find(name => Object.hasOwn(value, name));
  if (reserved !== undefined) return `holds a member ${reserved}, which stands for a value that is not shown`;
  for (const part of Object.values(value)) {
    const wrong = structuralFault(part, depth + 1);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** A value that etcd, Redis and Postgres all take as it is. `field` is named in the error. */
export function checkValue(value: Json, field: string): void {
  const wrong = structuralFault(value);
  if (wrong !== undefined) throw fieldFault(field, wrong);
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) > MAX_VALUE_BYTES) {
    throw fieldFault(field, `over ${MAX_VALUE_BYTES} bytes`, 'too_large');
  }
  // Postgres stores neither NUL nor half of a surrogate pair; JSON.stringify writes both as escapes.
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text))
    throw fieldFault(field, 'holds a NUL or an unpaired surrogate');
}

/** `updated_by` is the caller: it may be left out, not be somebody else. */
export function checkAuthor(updatedBy: string | undefined, caller: string): void {
  if (updatedBy !== undefined && updatedBy !== caller) {
    throw fieldFault('body.updated_by', 'must be the caller', 'forbidden');
  }
}

/** Each record once, and no more operations than one transaction takes. */
export function checkShape(request: WriteRequest): void {
  const keys = new Set<string>();
  const services = new Set<string>();
  for (const { path, field } of request.changes) {
    const key = recordKey(path);
    if (keys.has(key)) {
      const name = path.kind === 'configuration' ? `${field}.config_key` : field;
      throw fieldFault(name, 'is changed twice in this request');
    }
    keys.add(key);
    services.add(deletedKey(path));
  }
  if (keys.size + services.size > MAX_BATCH_OPERATIONS) {
    throw fieldFault('body.changes', `keys and services together may be at most ${MAX_BATCH_OPERATIONS}`);
  }
}
