/** Configuration from the environment: one schema an app, parsed once, every error reported together. */
import { OPERATION_NAMES } from '@quantivista/contracts';
import { z } from 'zod';

/**
 * Parse `variables` by `schema` and freeze the result. Empty variables count as absent.
 * @throws Error naming every variable that is missing or wrong; values are not repeated in it.
 */
export function parseEnvironment<T extends z.ZodType>(
  schema: T,
  variables: Record<string, string | undefined>,
): Readonly<z.output<T>> {
  const present = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (parsed.success) return Object.freeze(parsed.data as object) as Readonly<z.output<T>>;
  const lines = parsed.error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The configuration is not valid:\n${lines.join('\n')}`);
}

const hasNoLogin = (text: string): boolean => {
  const url = URL.parse(text);
  return url === null || (url.username === '' && url.password === '');
};

/** A comma-separated list of at least one URL. Errors name such URLs, so that none may hold a password. */
export const urlList = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .pipe(z.array(z.url().refine(hasNoLogin, 'must hold no user and no password')).min(1));

/** A setting that is a whole number, `min` at the least. */
export const wholeNumber = (min: number) => z.coerce.number().int().min(min);
export const port = wholeNumber(0).max(65_535);
export const logLevel = z
  .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  .default('info')
  .describe('From which level on lines are logged.');
export const readAccess = z
  .enum(['open', 'token'])
  .default('token')
  .describe(
    'Whether reads take a token. With `open` everyone who can connect reads all that is not secret: for demonstrations.',
  );
export const openEndpoints = z
  .string()
  .transform(text => text.split(',').map(part => part.trim()))
  .pipe(z.array(z.enum(OPERATION_NAMES)))
  .optional()
  .describe(
    `What anyone may ask besides health, separated by commas: ${OPERATION_NAMES.join(', ')}. Without it: all of them where reads are open, else none.`,
  );
