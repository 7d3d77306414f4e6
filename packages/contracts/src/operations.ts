/** Where a process is asked about itself. Health is everyone's to ask; the rest takes the right to read, unless opened. */

const HEALTH_PATHS = ['/livez', '/readyz'];

/** By the names that settings open them by. */
export const OPERATIONS = { status: '/status', metrics: '/metrics', openapi: '/openapi.json' } as const;
export type Operation = keyof typeof OPERATIONS;
export const OPERATION_NAMES = Object.keys(OPERATIONS) as Operation[];

/**
 * The paths at which nobody is asked for a token. All others are refused to who is not known, whether they are
 * there or not.
 * @param opened besides health
 */
export const pathsForAnyone = (
  reads: 'open' | 'token',
  opened: readonly Operation[] = reads === 'open' ? OPERATION_NAMES : [],
): ReadonlySet<string> => new Set([...HEALTH_PATHS, ...opened.map(name => OPERATIONS[name])]);

const PATHS: ReadonlySet<string> = new Set(Object.values(OPERATIONS));
export const isOperation = (path: string): boolean => PATHS.has(path);
