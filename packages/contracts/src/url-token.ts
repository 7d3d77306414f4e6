/** Tokens in URLs: those are written to logs, histories and bookmarks on their way, so none is taken from there. */
import { ServiceError } from './errors.ts';

const NAMES = ['token', 'access_token', 'api_key', 'apikey', 'authorization'];

/**
 * @param target a path and query, or a whole URL
 * @param except name of a parameter that holds something else there
 * @throws ServiceError `token_in_url`, that names the parameter and repeats nothing of it
 */
export function refuseTokenInUrl(target: string, except?: string): void {
  const at = target.indexOf('?');
  if (at < 0) return;
  for (const given of new URLSearchParams(target.slice(at)).keys()) {
    const name = given.toLowerCase();
    if (name !== except && NAMES.includes(name)) throw tokenInUrl(name);
  }
}

export const tokenInUrl = (name: string) =>
  new ServiceError('token_in_url', {
    message: `query.${name}: a token belongs in the Authorization header; one that was in a URL is to be revoked`,
  });
