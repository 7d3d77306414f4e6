/** What a fault costs, written down: for the table of docs/faults.md, and for nothing else. Never asserted. */
import { appendFileSync } from 'node:fs';
import process from 'node:process';

export interface Recovery {
  /** What happened, as the table names it. */
  readonly fault: string;
  /** What was measured: from when until when. */
  readonly what: string;
  readonly recoveryMs: number;
  readonly note?: string;
}

/** {@link recordRecovery} of the time that `recover` takes. */
export async function timeRecovery(
  about: Omit<Recovery, 'recoveryMs'>,
  recover: () => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now();
  await recover();
  recordRecovery({ ...about, recoveryMs: performance.now() - startedAt });
}

/** Append a line to the file that FAULTS_FILE names; without it nothing. */
export function recordRecovery(recovery: Recovery): void {
  const file = process.env.FAULTS_FILE;
  if (file) appendFileSync(file, `${JSON.stringify(recovery)}\n`);
}
