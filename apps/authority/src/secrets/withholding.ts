/** No sealed value leaves: every JSON answer goes through here, errors among them. */
import { countWithheld, WITHHELD_HEADER, withhold } from '@quantivista/contracts';
import type { MiddlewareHandler } from 'hono';

const JSON_ANSWER = /^application\/(?:problem\+)?json *(?:;|$)/i;

export const withholding = (): MiddlewareHandler =>
  async function withholdSealed(c, next) {
    await next();
    if (!JSON_ANSWER.test(c.res.headers.get('content-type') ?? '')) return;
    const { status, headers } = c.res;
    const text = withhold(await c.res.text());
    const count = countWithheld(text);
    // What is set over an answer takes its headers on: those are in the new one already.
    c.res = undefined;
    c.res = new Response(text, { status, headers });
    if (count > 0) c.res.headers.set(WITHHELD_HEADER, String(count));
  };

/** A value for an answer that is no JSON, or is not made at once. */
export const withheldIn = <T>(value: T): T => {
  const text = JSON.stringify(value);
  const safe = withhold(text);
  return safe === text ? value : JSON.parse(safe);
};
