/**
 * Which pages of browsers may ask. CORS for OFREP's paths alone; and no stream is opened for a page that is not
 * allowed, since a browser lets any page open a WebSocket, with whatever proves its user by itself.
 */

export interface Origins {
  /** Of what is no page, true. There is no allowance for a page of the same host: its name may be made to lead here. */
  allows(origin: string | null): boolean;
  /** For an answer to a page of this origin; nothing where none is allowed, or no page asks. */
  headers(origin: string | null): Readonly<Record<string, string>>;
  /** For the question that a browser asks first. */
  preflight(origin: string | null): Readonly<Record<string, string>>;
}

const ALLOWED = 'Content-Type, Authorization, X-API-Key, If-None-Match, Last-Event-ID, Cache-Control';
const EXPOSED = 'ETag, Retry-After, X-Config-Revision, X-Config-Generation, X-Config-Age, X-Config-State';
const NONE = {};

/** @param allowed origins, or `*` for all */
export function createOrigins(allowed: readonly string[]): Origins {
  const isOpen = allowed.includes('*');
  const headers: Origins['headers'] = origin => {
    if (allowed.length === 0) return NONE;
    const exposed = { 'access-control-expose-headers': EXPOSED };
    // No credentials are ever sent by themselves, so any origin may be answered `*`.
    if (isOpen) return origin === null ? NONE : { 'access-control-allow-origin': '*', ...exposed };
    if (origin === null || !allowed.includes(origin)) return { vary: 'Origin' };
    return { 'access-control-allow-origin': origin, vary: 'Origin', ...exposed };
  };
  return {
    allows: origin => origin === null || isOpen || allowed.includes(origin),
    headers,
    preflight: origin => ({
      ...headers(origin),
      'access-control-allow-methods': 'POST, GET',
      'access-control-allow-headers': ALLOWED,
      'access-control-max-age': '7200',
    }),
  };
}
