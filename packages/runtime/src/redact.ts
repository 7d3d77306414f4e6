/**
 * What no line of a log may hold. By name: fields that carry values or credentials, at any depth. By look: tokens, and
 * credentials in URLs, wherever in a line they stand, in messages and stacks of libraries' errors too.
 */

const CENSOR = '[redacted]';

/** Names of fields in lower case, without `_` and `-`. */
const NAMES = new Set(
  [
    'authorization cookie setcookie xapikey apikey xvaulttoken',
    'token clienttoken accesstoken refreshtoken idtoken jwt secretid',
    'password passwd passphrase secret secrets credentials privatekey',
    'value configvalue newvalue oldvalue plaintext',
  ]
    .join(' ')
    .split(' '),
);

/** Deeper than anything that is logged on purpose. */
const MAX_DEPTH = 8;

/** A copy in which the values of such fields are censored, and errors are as {@link toldError} tells them. */
export function redactFields(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return toldError(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return CENSOR;
  if (Array.isArray(value)) return value.map(each => redactFields(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [name, redactField(name, held, depth + 1)]),
  );
}

function redactField(name: string, value: unknown, depth: number): unknown {
  if (NAMES.has(name.toLowerCase().replace(/[_-]/g, ''))) return CENSOR;
  // What was caught, whatever it is.
  return name === 'err' ? toldError(value) : redactFields(value, depth);
}

/** None of them takes a quote or a backslash: a line of JSON stays one. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // To the last @ before the path: a password may hold one.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"\\/?#]*@/gi, `$1${CENSOR}@`],
  [/([?&](?:[a-z_-]*token|password|secret|api_?key|code|signature)=)[^\s"\\&#]+/gi, `$1${CENSOR}`],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${CENSOR}`],
  // Of this project (packages/access).
  [/\bqvt_[A-Za-z0-9_-]{8,}/g, CENSOR],
  // JWTs.
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, CENSOR],
  // Of Vault and OpenBao: service, batch and recovery tokens, and those from before Vault 1.10.
  [/\bhv[sbr]\.[A-Za-z0-9_-]{8,}/g, CENSOR],
  [/\b[sbr]\.[A-Za-z0-9]{24,}/g, CENSOR],
];

/** The same text without what looks like a credential. */
export const redactText = (text: string): string =>
  PATTERNS.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text);

/** What of an error is told. Drivers hang the command, the request or the row onto theirs: none of that is. */
export interface ToldError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ToldError;
  /** Of an AggregateError. */
  readonly errors?: readonly ToldError[];
}

export function toldError(error: unknown, depth = 0): ToldError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'what was thrown is no error' };
  const { code } = error as { code?: unknown };
  const deeper = depth < MAX_DEPTH;
  return {
    type: error.constructor.name || error.name,
    message: error.message,
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(error.stack && { stack: error.stack }),
    ...(deeper && error.cause !== undefined && { cause: toldError(error.cause, depth + 1) }),
    ...(deeper &&
      error instanceof AggregateError && { errors: error.errors.map(each => toldError(each, depth + 1)) }),
  };
}
