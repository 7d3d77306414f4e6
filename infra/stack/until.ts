/** Waiting for a condition, never for a time. */
import { setTimeout as pause } from 'node:timers/promises';

export interface UntilOptions {
  /** Named in the error: as it is when that is thrown, where it changes. */
  readonly what: string | (() => string);
  /** @default 30000 */
  readonly timeoutMs?: number;
  /** @default 20 */
  readonly intervalMs?: number | undefined;
}

/**
 * The first truthy answer of `condition`; a throw counts as "not yet".
 * @throws Error naming what was awaited, with the last failure as its cause
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 30_000, intervalMs = 20 }: UntilOptions,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) {
      const awaited = typeof what === 'string' ? what : what();
      throw new Error(`waited ${timeoutMs} ms for ${awaited}`, { cause });
    }
    await pause(intervalMs);
  }
}
