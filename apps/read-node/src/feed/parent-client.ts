/** Requests to one parent node, over HTTP. */
import {
  ERRORS,
  type ErrorCode,
  FEED_PATH,
  FeedOffer,
  formatBookmark,
  problemType,
  type RegionReport,
  type Scope,
  ServiceError,
} from '@quantivista/contracts';
import type { Bundle } from '@quantivista/region';
import { withTlsFailure } from '@quantivista/runtime';
import { decodeLines } from './lines.ts';
import type { LinkFetch } from './link-fetch.ts';

export interface ParentClientOptions {
  readonly url: string;
  readonly fetch: LinkFetch;
  readonly scope: Scope;
  /** Read anew for each request: it may be replaced. */
  readonly token: () => Promise<string | undefined>;
  /** The link counts as dead after so long without any byte. */
  readonly silenceMs: number;
}

/**
 * Every call throws ServiceError: what the parent's problem says, or `store_unavailable` where it did not
 * answer as expected, or fell silent.
 */
export interface ParentClient {
  readonly url: string;
  offer(): Promise<FeedOffer>;
  /** Hand up what a region says of itself. */
  putReport(report: RegionReport): Promise<void>;
  /** A region is no more. */
  withdrawReport(region: string): Promise<void>;
  /** Hand up what a region has counted; false while an earlier one of its bundles waits there. */
  putBundle(kind: 'impressions' | 'access-log', bundle: Bundle): Promise<boolean>;
  /** The lines of a snapshot: of the newest state, or of an earlier revision's. */
  snapshot(revision: number | undefined): AsyncGenerator<unknown>;
  /** The lines of changes after a bookmark, until `signal` aborts. */
  changes(since: { generation: string; revision: number }, signal: AbortSignal): AsyncGenerator<unknown>;
}

export function createParentClient(options: ParentClientOptions): ParentClient {
  const { url, fetch, scope, token, silenceMs } = options;
  const target = (path: string, query: Record<string, string | undefined>) => {
    const given = { ...query, ...(scope.restricted && { environments: scope.environments.join(',') }) };
    const present = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return `${url}${FEED_PATH}${path}?${new URLSearchParams(present)}`;
  };

  async function request(address: string, signal: AbortSignal, sent: RequestInit = {}): Promise<Response> {
    const bearer = await token();
    const headers = new Headers(sent.headers);
    if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
    const response = await fetch(address, { ...sent, headers, signal });
    if (!response.ok) throw problemOf(await response.text());
    return response;
  }
  const failed = (error: unknown): never => {
    if (error instanceof ServiceError) throw error;
    const message = withTlsFailure(`${url} does not answer`, error);
    throw new ServiceError('store_unavailable', { message, cause: error });
  };

  /** The lines of one answer, bytes due within `silenceMs` of those before. */
  async function* lines(address: string, outside?: AbortSignal): AsyncGenerator<unknown> {
    const abort = new AbortController();
    const signal = outside ? AbortSignal.any([outside, abort.signal]) : abort.signal;
    const silence = () => abort.abort(new Error(`nothing for ${silenceMs} ms`));
    const heard = setTimeout(silence, silenceMs);
    try {
      const { body } = await request(address, signal);
      if (body) yield* decodeLines(body, () => heard.refresh());
    } catch (error) {
      failed(signal.aborted ? signal.reason : error);
    } finally {
      clearTimeout(heard);
      // Whoever stops reading has done with the connection too.
      abort.abort();
    }
  }

  const tell = (path: string, sent: RequestInit) =>
    request(`${url}${FEED_PATH}/${path}`, AbortSignal.timeout(silenceMs), sent)
      .then(async response => void (await response.arrayBuffer()))
      .catch(failed);
  const put = (path: string, value: unknown) =>
    tell(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    });

  return {
    url,
    offer: async () => {
      const signal = AbortSignal.timeout(silenceMs);
      return await request(target('', {}), signal)
        .then(async response => FeedOffer.parse(await response.json()))
        .catch(failed);
    },
    putReport: report => put(`reports/${report.region}`, report),
    withdrawReport: region => tell(`reports/${region}`, { method: 'DELETE' }),
    putBundle: (kind, bundle) =>
      put(`${kind}/${bundle.region}`, bundle).then(
        () => true,
        error => {
          if (error instanceof ServiceError && error.code === 'overloaded') return false;
          throw error;
        },
      ),
    snapshot: revision => lines(target('/snapshot', { revision: revision?.toString() })),
    changes: (since, signal) => lines(target('/changes', { since: formatBookmark(since) }), signal),
  };
}

/** The error of the table that a problem stands for. */
function problemOf(text: string): ServiceError {
  try {
    const { type, detail } = JSON.parse(text) as { type: string; detail?: string };
    const code = (Object.keys(ERRORS) as ErrorCode[]).find(each => problemType(each) === type);
    if (code) return new ServiceError(code, detail === undefined ? {} : { message: detail });
  } catch {
    // No problem of this system: whatever answered was not a node.
  }
  return new ServiceError('store_unavailable', { message: 'the parent answered what no node answers' });
}
