/** Bodies are JSON of a bounded size: checked before any schema sees them. */
import { ServiceError } from '@quantivista/contracts';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';

/** etcd takes requests of up to 1.5 MB. */
const MAX_BODY_BYTES = 1_400_000;

export const limitBody = (): MiddlewareHandler =>
  bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new ServiceError('too_large', { message: `the body is over ${MAX_BODY_BYTES} bytes` });
    },
  });

/** Refuses what is not UTF-8, where decoding as usual would replace bytes and store the replacement. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws ServiceError `unsupported_media_type`, `invalid_json` */
export const requireJson = (): MiddlewareHandler =>
  async function requireJson(c, next) {
    if (c.req.method === 'PUT' || c.req.method === 'POST') {
      const type = c.req.header('content-type') ?? '';
      if (!/^application\/json *(;|$)/i.test(type)) throw new ServiceError('unsupported_media_type');
      try {
        JSON.parse(utf8.decode(await c.req.arrayBuffer()));
      } catch (cause) {
        if (cause instanceof ServiceError) throw cause;
        throw new ServiceError('invalid_json', { cause });
      }
    }
    await next();
  };
