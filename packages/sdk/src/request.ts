/** Requests to nodes, with what all of them have: the token, and a limit of time. */
import { onAbort } from './on-abort.ts';
import { ConfigError, reasonOf, unreachable } from './refusal.ts';

/** A token, or what gives the present one: it is asked at each request. */
export type Token = string | (() => string | Promise<string>);
/** The standard `fetch`, or one that adds a client certificate or a proxy. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, its answer's body included. Aborted too where no answer begins in time. */
  readonly over?: AbortController;
}

export interface Requester {
  /**
   * @param node base URL
   * @param path below it
   * @returns its answer, whatever it is, once its headers are there
   * @throws ConfigError `unreachable`; `no_token` where none could be had
   */
  ask(node: string, path: string, asked?: Asked): Promise<Response>;
}

export function createRequester(fetch: Fetch, token: Token | undefined, limitMs: number): Requester {
  return {
    ask: async (node, path, { over = new AbortController(), headers, ...asked } = {}) => {
      const { signal } = over;
      const timer = setTimeout(() => over.abort(new Error(`no answer in ${limitMs} ms`)), limitMs);
      try {
        const bearer = await present(token, node, signal);
        const credential = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
        return await fetch(node + path, { ...asked, headers: { ...headers, ...credential }, signal });
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        throw unreachable(node, signal.aborted ? signal.reason : error);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** What gives the token may ask somebody else for it, who does not answer. */
async function present(
  token: Token | undefined,
  node: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (typeof token !== 'function') return token;
  let stopListening = () => {};
  const over = new Promise<never>((_, reject) => {
    stopListening = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([token(), over]);
  } catch (error) {
    throw new ConfigError(node, 'no_token', reasonOf(error), { cause: error });
  } finally {
    stopListening();
  }
}

/** What is followed. */
export interface Topic {
  /** In any case of letters. */
  readonly environment: string;
  /** Absent for the whole environment: keys are then `{service}/{key}`. */
  readonly service?: string | undefined;
  /** Only keys that begin so. */
  readonly prefix?: string | undefined;
}
