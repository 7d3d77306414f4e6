/** No sealed value leaves: every JSON answer goes through here, errors among them. */
import { countWithheld, WITHHELD_HEADER, withhold } from '@quantivista/contracts';
import type { MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

const JSON_ANSWER = /^application\/(?:problem\+)?json *(?:;|$)/i;

export const withholding = (): MiddlewareHandler =>
  async function withholdSealed(c, next) {
    /** It went through here as it was written: to read an answer again costs more than to make it. */
    let written: Response | undefined;
    c.json = ((value: unknown, status?: ContentfulStatusCode, headers?: Record<string, string>) => {
      const text = withhold(JSON.stringify(value));
      written = c.body(text, status, { 'content-type': 'application/json', ...headers, ...countOf(text) });
      return written;
    }) as typeof c.json;
    await next();
    if (c.res === written) return;
    if (!JSON_ANSWER.test(c.res.headers.get('content-type') ?? '')) return;
    const { status, headers } = c.res;
    const text = withhold(await c.res.text());
    // What is set over an answer takes its headers on: those are in the new one already.
    c.res = undefined;
    c.res = new Response(text, { status, headers });
    for (const [name, value] of Object.entries(countOf(text))) c.res.headers.set(name, value);
  };

function countOf(text: string): Record<string, string> {
  const count = countWithheld(text);
  return count > 0 ? { [WITHHELD_HEADER]: String(count) } : {};
}

/** A value for an answer that is no JSON, or is not made at once. */
export const withheldIn = <T>(value: T): T => {
  const text = JSON.stringify(value);
  const safe = withhold(text);
  return safe === text ? value : JSON.parse(safe);
};
