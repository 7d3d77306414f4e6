/** pg as this project uses it: bounded waits, one error for all its failures. */
import { ServiceError } from '@quantivista/contracts';
import pg from 'pg';

export interface AuditOptions {
  /** `postgres://…` */
  readonly url: string;
  /** Longest wait for a connection, and for a statement. @default 3000 */
  readonly timeoutMs?: number;
  /** @default 16 */
  readonly connections?: number;
}

export function createPool({ url, timeoutMs = 3_000, connections = 16 }: AuditOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs,
  });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', () => {});
  return pool;
}

/** Rethrow a failure of Postgres as `audit_unavailable`, the original as its cause. */
export function unavailable(cause: unknown): never {
  throw new ServiceError('audit_unavailable', { cause });
}

/** The same functions, with their failures translated by {@link unavailable}. */
export function translated<T extends object>(functions: T): T {
  const wrap =
    (call: (...args: unknown[]) => Promise<unknown>) =>
    (...args: unknown[]) =>
      call(...args).catch(unavailable);
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, wrap(call)])) as T;
}
