/** pg as this project uses it: bounded waits, one error for all its failures. */
import { ERRORS, ServiceError } from '@quantivista/contracts';
import { type Certificates, type Password, withTlsFailure } from '@quantivista/runtime';
import pg from 'pg';
import { target } from './target.ts';

export interface AuditOptions {
  /** `postgres://…` of a user who may act as `quantivista_writer`: a member of it. */
  readonly url: string;
  /** Whom to trust and what to show, where the URL says `sslmode=verify-full`. @default whom the runtime trusts, and nothing */
  readonly certificates?: Certificates | undefined;
  /** Asked for at each connection, in the place of one in the URL. */
  readonly password?: Password | undefined;
  /** Longest wait for a connection, and for a statement. @default 3000 */
  readonly timeoutMs?: number;
  /** @default 16 */
  readonly connections?: number;
}

/** The role that may add to the trail and read it, nothing else. A migration makes it. */
const SERVING_ROLE = 'quantivista_writer';

/** `owner`: as the user of the URL itself, for migrations. */
export function createPool(
  { url, certificates, password, timeoutMs = 3_000, connections = 16 }: AuditOptions,
  owner = false,
): pg.Pool {
  const pool = new pg.Pool({
    ...(password && { Client: clientWith(password) }),
    ...target(url, certificates),
    // Of the session from its beginning: whatever the user of the URL may do beyond that, no query of ours can.
    ...(!owner && { options: `-c role=${SERVING_ROLE}` }),
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs,
  });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', () => {});
  // Likewise one that breaks while it is in use, between two statements: the next one fails, and says so.
  pool.on('connect', client => void client.on('error', () => {}));
  return pool;
}

/** pg asks a function for the password where it has one, but takes that from the URL alone where there is a URL. */
const clientWith = (password: Password) =>
  class extends pg.Client {
    // As the pool makes it: with its own options.
    constructor(config?: pg.ClientConfig) {
      super(config);
      Object.assign(this, { password });
    }
  };

/** Rethrow a failure of Postgres as `audit_unavailable`, the original as its cause. Faults of the request stay. */
export function unavailable(cause: unknown): never {
  if (cause instanceof ServiceError) throw cause;
  throw new ServiceError('audit_unavailable', {
    message: withTlsFailure(ERRORS.audit_unavailable.title, cause),
    cause,
  });
}

/** The same functions, with their failures translated by {@link unavailable}. */
export function translated<T extends object>(functions: T): T {
  const wrap =
    (call: (...args: unknown[]) => Promise<unknown>) =>
    (...args: unknown[]) =>
      call(...args).catch(unavailable);
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, wrap(call)])) as T;
}
