/** The context of a request's body. Anything may come; what is no context is refused, and what is missing is empty. */
import { isUtf8 } from 'node:buffer';
import { ServiceError } from '@quantivista/contracts';
import type { OwnContext } from '../evaluator.ts';
import { requireBounded } from './bounds.ts';

/** A smaller body is parsed in no time, whatever is in it. */
export const LARGE_BYTES = 16 * 1024;

const isMap = (value: unknown): value is OwnContext =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new ServiceError('invalid_json', { message: 'the body is not UTF-8' });
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    // Nesting that exhausts a parser's stack comes here too.
    throw new ServiceError('invalid_json', { cause });
  }
}

/**
 * @param body JSON `{context}` in UTF-8; empty, without a context or with null it is an empty one
 * @returns own properties alone, whatever their names
 * @throws ServiceError `invalid_json`, `invalid_context`
 */
export function parseContext(body: Buffer): OwnContext {
  if (body.length === 0) return {};
  if (body.length > LARGE_BYTES) requireBounded(body);
  const parsed = parseJson(body);
  if (!isMap(parsed)) throw new ServiceError('invalid_context', { message: 'the body is not an object' });
  const context = Object.hasOwn(parsed, 'context') ? parsed.context : undefined;
  if (context === undefined || context === null) return {};
  if (!isMap(context)) throw new ServiceError('invalid_context');
  return context;
}
