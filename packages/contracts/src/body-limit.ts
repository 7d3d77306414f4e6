/** Bodies are of a bounded size: no more is read of one that is larger. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ServiceError } from './errors.ts';

/** @throws ServiceError `too_large`, before any schema sees the body */
export const limitBody = (maxBytes: number): MiddlewareHandler =>
  bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new ServiceError('too_large', { message: `the body is over ${maxBytes} bytes` });
    },
  });
