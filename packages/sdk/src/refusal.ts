/** What a node answers in place of what it was asked for. */

/** A node's refusal, from its problem+json. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Of the node's table of errors (`forbidden`, `not_found` …); `unreachable` where it did not answer. */
  readonly code: string;
  /** HTTP status; absent where it did not answer. */
  readonly status: number | undefined;
  /** Base URL. */
  readonly node: string;
  /** Not to be asked again before this time has passed. */
  readonly retryAfterMs: number | undefined;

  constructor(
    node: string,
    code: string,
    message: string,
    {
      status,
      retryAfterMs,
      cause,
    }: { status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(`${node}: ${code}: ${message}`, { cause });
    this.code = code;
    this.status = status;
    this.node = node;
    this.retryAfterMs = retryAfterMs;
  }
}

const PROBLEM = 'urn:quantivista:problem:';

/** What the node says, in whatever shape: a proxy before it may have answered instead. Reads the body. */
export async function refusalOf(node: string, response: Response): Promise<ConfigError> {
  const { status } = response;
  const retryAfterS = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(retryAfterS) ? retryAfterS * 1_000 : undefined;
  const text = await response.text().catch(() => '');
  const options = { status, retryAfterMs };
  try {
    const problem = JSON.parse(text) as { type: string; title: string; detail?: string };
    if (problem.type.startsWith(PROBLEM))
      return new ConfigError(
        node,
        problem.type.slice(PROBLEM.length),
        problem.detail ?? problem.title,
        options,
      );
  } catch {
    // No problem+json.
  }
  return new ConfigError(node, 'unexpected_answer', `HTTP status ${status}`, options);
}

/** The node did not answer, or not in time. */
export const unreachable = (node: string, error: unknown): ConfigError =>
  new ConfigError(node, 'unreachable', reasonOf(error), { cause: error });

/** `fetch failed` says nothing: its cause does. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
