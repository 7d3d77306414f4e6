/** The public API as a test speaks it: every answer as it came, none of them an exception. */
import type {
  BatchChange,
  BatchResult,
  Configuration,
  ConfigurationMap,
  Environment,
  History,
  Json,
  PointDiff,
  Problem,
  RollbackRequest,
  RollbackResult,
  VersionList,
} from '@quantivista/contracts';

/** An answer. Its body is read by the status: `body` where it is 2xx, `problem` where it is not. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** JSON, or text where it is something else; `undefined` where there is none. */
  readonly body: T;
  /** The same, as the problem that it is when the request failed. */
  readonly problem: Problem;
  /** Of `X-Config-Revision`; NaN without it. */
  readonly revision: number;
}

export interface ApiOptions {
  /** Of the authority or a node. */
  readonly url: string;
  /** Sent with every request; without it none is. */
  readonly token?: string | undefined;
  /** @default PRODUCTION */
  readonly environment?: Environment;
  /** Milliseconds after which a request fails. @default 20_000 */
  readonly timeoutMs?: number;
}

export interface RequestOptions {
  readonly environment?: Environment;
  readonly headers?: Readonly<Record<string, string>>;
  /** More of the query: `min_revision`, `max_age`, `reason`, `limit`, … */
  readonly query?: Readonly<Record<string, string | number>>;
  /** More of the body: `old_value`, `config_type`, `reason`, … */
  readonly body?: Readonly<Record<string, unknown>>;
}

export type Api = ReturnType<typeof createApi>;

export function createApi(options: ApiOptions) {
  const { url, token, environment = 'PRODUCTION', timeoutMs = 20_000 } = options;

  /** Any request. Rejects only where no answer came. */
  async function request<T = unknown>(
    method: string,
    path: string,
    { body, headers }: { body?: unknown; headers?: Readonly<Record<string, string>> | undefined } = {},
  ): Promise<Answer<T>> {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const revision = response.headers.get('x-config-revision');
    const answered = parsed(await response.text());
    return {
      status: response.status,
      headers: response.headers,
      body: answered as T,
      problem: answered as Problem,
      revision: revision === null ? Number.NaN : Number(revision),
    };
  }

  const pathOf = (parts: readonly string[], of: RequestOptions) => {
    const query = Object.entries({ environment: of.environment ?? environment, ...of.query });
    const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, String(value)]));
    return `/api/v1/config/${parts.map(encodeURIComponent).join('/')}?${search}`;
  };

  return {
    url,
    request,
    /** All of a service's values. */
    list: (service: string, of: RequestOptions = {}) =>
      request<ConfigurationMap>('GET', pathOf([service], of), { headers: of.headers }),
    get: (service: string, key: string, of: RequestOptions = {}) =>
      request<Configuration>('GET', pathOf([service, key], of), { headers: of.headers }),
    put: (service: string, key: string, value: Json, of: RequestOptions = {}) =>
      request<Configuration>('PUT', pathOf([service, key], of), {
        headers: of.headers,
        body: { new_value: value, ...of.body },
      }),
    del: (service: string, key: string, of: RequestOptions = {}) =>
      request<undefined>('DELETE', pathOf([service, key], of), { headers: of.headers }),
    batch: (changes: readonly BatchChange[], more: Readonly<Record<string, unknown>> = {}) =>
      request<BatchResult>('POST', '/api/v1/config/batch', { body: { changes, ...more } }),
    rollback: (rollback: RollbackRequest) =>
      request<RollbackResult>('POST', '/api/v1/config/rollback', { body: rollback }),
    history: (query: Readonly<Record<string, string | number>> = {}) =>
      request<History>('GET', pathOf(['history'], { query })),
    diff: (query: Readonly<Record<string, string | number>>) =>
      request<PointDiff>('GET', pathOf(['diff'], { query })),
    versions: (service: string, key: string, of: RequestOptions = {}) =>
      request<VersionList>('GET', pathOf([service, key, 'versions'], of), { headers: of.headers }),
    status: () => request<Record<string, unknown>>('GET', '/status'),
  };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
