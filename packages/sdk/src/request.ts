/** Requests to nodes, with what all of them have: the token, and a limit of time. */
import { unreachable } from './refusal.ts';

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
   * @throws ConfigError `unreachable`
   */
  ask(node: string, path: string, asked?: Asked): Promise<Response>;
}

export function createRequester(fetch: Fetch, token: Token | undefined, limitMs: number): Requester {
  return {
    ask: async (node, path, { over = new AbortController(), headers, ...asked } = {}) => {
      const { signal } = over;
      const timer = setTimeout(() => over.abort(new Error(`no answer in ${limitMs} ms`)), limitMs);
      try {
        const bearer = typeof token === 'function' ? await token() : token;
        const credential = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
        return await fetch(node + path, { ...asked, headers: { ...headers, ...credential }, signal });
      } catch (error) {
        throw unreachable(node, signal.aborted ? signal.reason : error);
      } finally {
        clearTimeout(timer);
      }
    },
  };
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
