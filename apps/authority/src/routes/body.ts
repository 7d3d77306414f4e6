/** Bodies are JSON, as the store can keep it: checked before any schema sees them. */
import { fieldFault, ServiceError } from '@quantivista/contracts';
import type { MiddlewareHandler } from 'hono';

/** etcd takes requests of up to 1.5 MB. */
export const MAX_BODY_BYTES = 1_400_000;

/** Refuses what is not UTF-8, where decoding as usual would replace bytes and store the replacement. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Integers beyond 2^53 would be rounded on their way to the store: nobody would be told. */
function refuseRounding(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source ?? '';
  if (typeof value === 'number' && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)) {
    throw fieldFault('body', `the integer ${source.slice(0, 40)} can't be kept exactly: send it as a string`);
  }
  return value;
}

/** @throws ServiceError `invalid_json`, `invalid_request` */
function checkJson(bytes: ArrayBuffer): void {
  let text: string;
  try {
    text = utf8.decode(bytes);
    JSON.parse(text);
  } catch (cause) {
    throw new ServiceError('invalid_json', { cause });
  }
  try {
    JSON.parse(text, refuseRounding);
  } catch (error) {
    // Nested deeper than a reviver can walk, and so far deeper than any value may be: refused with the values.
    if (!(error instanceof RangeError)) throw error;
  }
}

/** @throws ServiceError `unsupported_media_type`, `invalid_json`, `invalid_request` */
export const requireJson = (): MiddlewareHandler =>
  async function requireJson(c, next) {
    if (c.req.method === 'PUT' || c.req.method === 'POST') {
      const type = c.req.header('content-type') ?? '';
      if (!/^application\/json *(;|$)/i.test(type)) throw new ServiceError('unsupported_media_type');
      checkJson(await c.req.arrayBuffer());
    }
    await next();
  };
