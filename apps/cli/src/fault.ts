/** What can go wrong, in the two kinds that the exit code tells apart, and its line on the terminal. */
import type { Problem } from '@quantivista/contracts';
import { printable, showShort } from './show.ts';

export const EXIT_OK = 0;
/** The server or the network answered with a failure. */
export const EXIT_FAILURE = 1;
/** The command line, or a file that it names, is wrong; nothing was sent that changes anything. */
export const EXIT_USAGE = 2;

/** The caller's mistake. */
export class UsageError extends Error {}

/** A failure answered by a server, or by the network on the way to it. */
export class Failure extends Error {
  /** HTTP status; absent where no server answered. */
  readonly status: number | undefined;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfterS: number | undefined;

  constructor(message: string, status?: number, retryAfterS?: number) {
    super(message);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** One line of a problem: title, detail, the fields that were wrong, and the present state of a conflict. */
export function describeProblem(problem: Partial<Problem>): string {
  const { title = 'The server refused', detail, errors = [] } = problem;
  const parts = [title];
  if (detail && detail !== title) parts.push(detail);
  const fields = errors.filter(({ field }) => !detail?.includes(field));
  if (fields.length > 0) parts.push(fields.map(({ field, message }) => `${field}: ${message}`).join('; '));
  if (typeof problem.config_key === 'string') parts.push(`key ${problem.config_key}`);
  const state = describeCurrent(problem.current);
  if (state) parts.push(state);
  return printable(parts.join(': '));
}

function describeCurrent(current: unknown): string | undefined {
  if (current === null) return 'the key does not exist at present';
  if (typeof current !== 'object' || !('config_value' in current) || !('version' in current))
    return undefined;
  return `at present ${showShort(current.config_value)} (version ${current.version})`;
}

/** Exit code of an error. What is of neither kind is a fault of this program, told without its stack. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;

/** The text of an error, for the terminal. */
export function describeError(error: unknown): string {
  if (error instanceof UsageError || error instanceof Failure) return error.message;
  return `unexpected: ${error instanceof Error ? error.message : String(error)}`;
}
