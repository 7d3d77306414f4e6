/** What tells browsers to make nothing of an answer but what it says it is: these are APIs, none of it is a page. */
import type { MiddlewareHandler } from 'hono';

export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
} as const;
/** Two years. */
const HSTS = 'max-age=63072000';

/** hono's `secureHeaders` sends a dozen, most of them about pages, and HSTS without TLS too. */
export const securityHeaders = (): MiddlewareHandler =>
  async function securityHeaders(c, next) {
    await next();
    const { headers } = c.res;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
    if (c.req.url.startsWith('https:')) headers.set('strict-transport-security', HSTS);
  };
