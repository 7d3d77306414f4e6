/** Bodies are of a bounded size, and JSON where a schema is to see them. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ServiceError } from './errors.ts';

/**
 * No more is read of a body that is larger.
 * @throws ServiceError before any schema sees the body: `too_large`; `invalid_json` where it breaks off while it is counted
 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  const tooLarge = () => {
    throw new ServiceError('too_large', { message: `the body is over ${maxBytes} bytes` });
  };
  const asItIsRead = bodyLimit({ maxSize: maxBytes, onError: tooLarge });
  return async function limitBody(c, next) {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const length = c.req.header('content-length');
    // What is transferred in another encoding, or without a length, is counted. That makes a Request of it, which
    // costs more than the parsing.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) {
      let isRead = false;
      const goOn = () => {
        isRead = true;
        return next();
      };
      return asItIsRead(c, goOn).catch(cause => {
        if (isRead || cause instanceof ServiceError) throw cause;
        // Its client has gone, which is no fault of ours: nobody waits for the answer.
        throw new ServiceError('invalid_json', { cause });
      });
    }
    if (Number(length) > maxBytes) tooLarge();
    return next();
  };
}

/** Whether a content type says JSON. */
export const isJson = (contentType: string | undefined): boolean =>
  /^application\/json *(;|$)/i.test(contentType ?? '');

/** For routes that take a body. @throws ServiceError `unsupported_media_type`, `invalid_json` */
export const requireJson = (): MiddlewareHandler =>
  async function requireJson(c, next) {
    if (c.req.method === 'PUT' || c.req.method === 'POST') {
      if (!isJson(c.req.header('content-type'))) throw new ServiceError('unsupported_media_type');
      await c.req.json().catch(cause => {
        throw new ServiceError('invalid_json', { cause });
      });
    }
    await next();
  };
