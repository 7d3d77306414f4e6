/** Bodies are JSON of a bounded size, of imports documents: checked before any schema sees them. */
import {
  DOCUMENT_TYPES,
  documentFormat,
  fieldFault,
  importRoute,
  limitBody,
  MAX_IMPORT_BYTES,
  ServiceError,
} from '@quantivista/contracts';
import type { MiddlewareHandler } from 'hono';

/** etcd takes requests of up to 1.5 MB. */
const MAX_BODY_BYTES = 1_400_000;

/** An import may be made in several transactions. */
export function limitBodies(): MiddlewareHandler {
  const [usual, ofImport] = [limitBody(MAX_BODY_BYTES), limitBody(MAX_IMPORT_BYTES)];
  return (c, next) => (c.req.path === importRoute.path ? ofImport : usual)(c, next);
}

/** Refuses what is not UTF-8, where decoding as usual would replace bytes and store the replacement. */
export const utf8 = new TextDecoder('utf-8', { fatal: true });

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

const unsupported = (path: string) =>
  path === importRoute.path
    ? new ServiceError('unsupported_media_type', {
        message: `the content type must be one of ${Object.keys(DOCUMENT_TYPES).join(', ')}`,
      })
    : new ServiceError('unsupported_media_type');

const isJson = (contentType: string): boolean => /^application\/json *(;|$)/i.test(contentType);

/** @throws ServiceError `unsupported_media_type`, `invalid_json`, `invalid_request` */
export const requireJson = (): MiddlewareHandler =>
  async function requireJson(c, next) {
    if (c.req.method === 'PUT' || c.req.method === 'POST') {
      const type = c.req.header('content-type') ?? '';
      if (!isJson(type)) {
        if (c.req.path === importRoute.path && documentFormat(type)) return next();
        throw unsupported(c.req.path);
      }
      checkJson(await c.req.arrayBuffer());
    }
    await next();
  };
