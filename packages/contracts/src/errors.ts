/**
 * The one table of faults: code → HTTP status, WebSocket close code, whether a retry may help, title.
 * The wire form is RFC 9457 problem+json, with `type` = `urn:quantivista:problem:{code}`.
 */
import { z } from '@hono/zod-openapi';

interface ErrorRow {
  readonly status: number;
  readonly title: string;
  /** Seconds after which a retry may succeed; absent where a retry is useless. */
  readonly retryAfterS?: number;
  /** Close code for a stream that ends with this error. */
  readonly close?: number;
}

export const ERRORS = {
  invalid_request: { status: 400, title: 'The request is not valid', close: 1008 },
  invalid_json: { status: 400, title: 'The body is not JSON' },
  invalid_context: { status: 400, title: 'The context is not an object' },
  unknown_environment: { status: 400, title: 'There is no such environment', close: 1008 },
  invalid_since: {
    status: 400,
    title: 'The bookmark is not of the form {generation}:{revision}',
    close: 1008,
  },
  token_in_url: { status: 400, title: 'A token has no place in a URL', close: 1008 },
  unauthenticated: { status: 401, title: 'A valid token is needed', close: 1008 },
  forbidden: { status: 403, title: 'The caller may not do this', close: 1008 },
  origin_refused: { status: 403, title: 'Pages of this origin may not open streams', close: 1008 },
  not_found: { status: 404, title: 'There is no such thing' },
  configuration_not_found: { status: 404, title: 'There is no such configuration' },
  version_not_found: { status: 404, title: 'The key has no such version' },
  flag_not_found: { status: 404, title: 'There is no such flag' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  proposal_not_found: { status: 404, title: 'There is no such proposal' },
  body_too_slow: { status: 408, title: 'The body did not come in time' },
  approval_required: { status: 409, title: 'The change needs the approval of others' },
  proposal_closed: { status: 409, title: 'The proposal is closed' },
  proposal_stale: { status: 409, title: 'What the proposal would change has changed since' },
  not_due: { status: 409, title: 'The proposal is applied at its time' },
  conflict: { status: 409, title: 'A condition of the request does not hold' },
  type_conflict: { status: 409, title: "A key's type can't be changed by setting its value" },
  in_use: { status: 409, title: 'Others refer to it' },
  values_break_schema: { status: 409, title: 'Values that are there break the schema' },
  before_generation: { status: 404, title: 'This life of the store had not begun then' },
  not_settled: { status: 409, title: 'The trail is not whole up to there yet', retryAfterS: 1 },
  rollback_unavailable: { status: 409, title: 'This change was marked as one that is not rolled back' },
  revision_not_reached: {
    status: 409,
    title: 'The revision has not been reached here',
    retryAfterS: 1,
    close: 1013,
  },
  compacted: { status: 409, title: 'The revision is no longer held here' },
  generation_changed: { status: 409, title: 'The state here is of another life of the store' },
  secret_destroyed: { status: 410, title: 'This version of the secret was destroyed' },
  too_large: { status: 413, title: 'The body or value is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  environment_not_served: { status: 421, title: 'This node does not hold the environment', close: 1008 },
  schema_violation: { status: 422, title: 'A value breaks its schema' },
  not_supported: { status: 422, title: 'This is not supported yet' },
  upgrade_required: { status: 426, title: 'This is a WebSocket endpoint' },
  rate_limited: { status: 429, title: 'Too many requests from there', retryAfterS: 1, close: 1013 },
  internal: { status: 500, title: 'Something failed here', close: 1011 },
  store_unavailable: { status: 503, title: 'The store does not answer', retryAfterS: 1, close: 1013 },
  store_full: { status: 503, title: 'The store has no room left: no change is made', retryAfterS: 30 },
  audit_unavailable: {
    status: 503,
    title: 'The audit trail does not answer: no change is made',
    retryAfterS: 1,
  },
  write_in_doubt: { status: 503, title: 'It is not yet known whether the change was made', retryAfterS: 5 },
  write_aborted: { status: 503, title: 'The change was not made', retryAfterS: 1 },
  secrets_unavailable: {
    status: 503,
    title: 'The store of secrets does not answer',
    retryAfterS: 1,
    close: 1013,
  },
  not_ready: { status: 503, title: 'No state has been loaded yet', retryAfterS: 1, close: 1013 },
  too_old: { status: 503, title: 'The state here is older than asked for', retryAfterS: 1 },
  overloaded: { status: 503, title: 'Too many at once', retryAfterS: 2, close: 1013 },
  shutting_down: { status: 503, title: 'This process is ending', retryAfterS: 1, close: 1012 },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** The row of a code, with its optional columns. */
export const errorRow = (code: ErrorCode): ErrorRow => ERRORS[code];

/** RFC 9457, with `errors` naming the fields that were wrong, and members of the code's own. */
export const Problem = z
  .object({
    type: z.string().openapi({ example: 'urn:quantivista:problem:conflict' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .catchall(z.unknown())
  .openapi('Problem');
export type Problem = z.infer<typeof Problem>;

export const problemType = (code: ErrorCode): string => `urn:quantivista:problem:${code}`;

/**
 * A fault with its place in the table. `message` and `details` go to the caller, so neither may hold
 * internals or secrets; `cause` stays in the log.
 */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  /** Instead of the table's, where many are refused at once and must not all come back at once. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    options: {
      message?: string;
      details?: Record<string, unknown>;
      retryAfterS?: number;
      cause?: unknown;
    } = {},
  ) {
    super(options.message ?? ERRORS[code].title, { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryAfterS = options.retryAfterS ?? errorRow(code).retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** The wire form of any error: what is not a ServiceError becomes `internal`, without its message. */
export function toProblem(error: unknown): Problem {
  const fault = error instanceof ServiceError ? error : new ServiceError('internal');
  const { title, status } = ERRORS[fault.code];
  return { ...fault.details, type: problemType(fault.code), title, status, detail: fault.message };
}

/** Headers that go with a problem: content type, and Retry-After where a retry may help. */
export function problemHeaders(
  code: ErrorCode,
  retryAfterS = errorRow(code).retryAfterS,
): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  if (code === 'unauthenticated') headers['www-authenticate'] = 'Bearer';
  // The rest of the body is not read, so the connection can't be used for another request.
  if (code === 'too_large' || code === 'body_too_slow') headers.connection = 'close';
  return headers;
}

/** The response to any error, as problem+json. */
export function problemResponse(error: unknown): Response {
  const fault = error instanceof ServiceError ? error : new ServiceError('internal');
  const problem = toProblem(fault);
  const headers = problemHeaders(fault.code, fault.retryAfterS);
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
