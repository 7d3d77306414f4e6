/** Checks of what was typed, before anything is sent. */
import { ConfigKey, type Json, ServiceName } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';

/** @throws UsageError */
export function requireService(name: string): void {
  const message = serviceFault(name);
  if (message) throw new UsageError(message);
}

/** @throws UsageError */
export function requireKey(key: string): void {
  const message = keyFault(key);
  if (message) throw new UsageError(message);
}

/** What is wrong with a service's name; `undefined` where nothing is. */
export function serviceFault(name: string): string | undefined {
  const { error } = ServiceName.safeParse(name);
  return error && `service ${JSON.stringify(name)} ${error.issues.map(issue => issue.message).join(', ')}`;
}

/** What is wrong with a key; `undefined` where nothing is. */
export function keyFault(key: string): string | undefined {
  const { error } = ConfigKey.safeParse(key);
  return error && `key ${JSON.stringify(key)} ${error.issues.map(issue => issue.message).join(', ')}`;
}

/**
 * A value as typed: JSON where it is JSON, else the text itself.
 * @throws UsageError for an integer that would lose digits as a number
 */
export function parseValue(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  if (typeof value === 'number' && /^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(value)) {
    throw new UsageError(`${text} is too large for a number: give --string`);
  }
  return value;
}
