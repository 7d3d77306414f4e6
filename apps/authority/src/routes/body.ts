/** Bodies are JSON of a bounded size, of imports documents: checked before any schema sees them. */

import type { IncomingMessage } from 'node:http';
import {
  DOCUMENT_TYPES,
  documentFormat,
  fieldFault,
  importRoute,
  isJson,
  limitBody,
  MAX_IMPORT_BYTES,
  ServiceError,
} from '@quantivista/contracts';
import type { Context, MiddlewareHandler } from 'hono';

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
    // Not told which: it may be a secret.
    throw fieldFault(
      'body',
      "holds an integer beyond 2^53, which can't be kept exactly: send it as a string",
    );
  }
  return value;
}

/** The text of a body that is JSON and loses nothing. @throws ServiceError `invalid_json`, `invalid_request` */
function jsonText(bytes: ArrayBuffer | Buffer): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
    JSON.parse(text);
  } catch (cause) {
    throw new ServiceError('invalid_json', { cause });
  }
  // Nothing shorter is rounded.
  if (!/\d{16}/.test(text)) return text;
  try {
    JSON.parse(text, refuseRounding);
  } catch (error) {
    // Nested deeper than a reviver can walk, and so far deeper than any value may be: refused with the values.
    if (!(error instanceof RangeError)) throw error;
  }
  return text;
}

/**
 * A body whose length was said, from Node's own stream: a Request made for it costs more than the body's parsing.
 * `undefined` where there is no such stream, or the length is not known: then it is bounded as it is read.
 */
async function readDirectly(c: Context): Promise<Buffer | undefined> {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
  if (!incoming || incoming.headers['content-length'] === undefined) return undefined;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch (cause) {
    // It broke off: nobody waits for the answer.
    throw new ServiceError('invalid_json', { cause });
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

const unsupported = (path: string) =>
  path === importRoute.path
    ? new ServiceError('unsupported_media_type', {
        message: `the content type must be one of ${Object.keys(DOCUMENT_TYPES).join(', ')}`,
      })
    : new ServiceError('unsupported_media_type');

/** @throws ServiceError `unsupported_media_type`, `invalid_json`, `invalid_request` */
export const requireJson = (): MiddlewareHandler =>
  async function requireJson(c, next) {
    if (c.req.method === 'PUT' || c.req.method === 'POST') {
      const type = c.req.header('content-type') ?? '';
      if (!isJson(type)) {
        if (c.req.path === importRoute.path && documentFormat(type)) return next();
        throw unsupported(c.req.path);
      }
      const bytes = (await readDirectly(c)) ?? (await c.req.arrayBuffer());
      // What all other forms are made of. (What is kept there are promises, whatever its type says.)
      Object.assign(c.req.bodyCache, { text: Promise.resolve(jsonText(bytes)) });
    }
    await next();
  };
