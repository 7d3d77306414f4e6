/** Whether two values are equal, in a time that does not tell how far they are. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Json } from '@quantivista/contracts';

/** Of this process alone: what is compared can't be found out beforehand. */
const key = randomBytes(32);

/** Equal values have equal texts: members are in the order of their names. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map(name => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(',')}}`;
}

const mark = (value: Json): Buffer => createHmac('sha256', key).update(canonical(value)).digest();

export const sameValue = (a: Json, b: Json): boolean => timingSafeEqual(mark(a), mark(b));
