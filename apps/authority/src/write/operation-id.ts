/** Ids of operations: UUIDs of version 7 (RFC 9562), which sort by the time they were made. */
import { randomUUID } from 'node:crypto';

/** A UUIDv7 of the moment `atMs`; its last 74 bits are random. */
export function createOperationId(atMs = Date.now()): string {
  const time = hexTime(atMs);
  // A UUID of version 4 has them, and its variant, where one of version 7 has them.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Sorts before every id made at `atMs` or later, and after every one made earlier. */
export function firstOperationId(atMs: number): string {
  const time = hexTime(atMs);
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

const hexTime = (atMs: number): string => atMs.toString(16).padStart(12, '0');
