/** Ids of operations: UUIDs of version 7 (RFC 9562), which sort by the time they were made. */
import { randomBytes } from 'node:crypto';

/** A UUIDv7 of the moment `atMs`; its last 74 bits are random. */
export function createOperationId(atMs = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(atMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Sorts before every id made at `atMs` or later, and after every one made earlier. */
export function firstOperationId(atMs: number): string {
  const hex = atMs.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
