/** Points in the life of a key, a service, an environment, as a request names them. */
import { z } from '@hono/zod-openapi';

export type PastPoint =
  | { readonly kind: 'revision'; readonly revision: number }
  /** Milliseconds since the epoch. */
  | { readonly kind: 'time'; readonly atMs: number };
export type Point =
  | PastPoint
  /** Of one key. */
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'present' };

const DIGITS = /^\d{1,15}$/;
const Time = z.iso.datetime({ offset: true });

/** `4711`, or an ISO 8601 time with its zone; `undefined` for anything else. */
export function parsePastPoint(text: string): PastPoint | undefined {
  if (DIGITS.test(text)) return { kind: 'revision', revision: Number(text) };
  if (!Time.safeParse(text).success) return undefined;
  const atMs = Date.parse(text);
  return atMs >= 0 ? { kind: 'time', atMs } : undefined;
}

/** Also `present`, and `v7`: a version of a key. */
export function parsePoint(text: string): Point | undefined {
  if (text === 'present') return { kind: 'present' };
  if (/^v[1-9]\d{0,8}$/.test(text)) return { kind: 'version', version: Number(text.slice(1)) };
  return parsePastPoint(text);
}

const parsed = <T>(parse: (text: string) => T | undefined, description: string) =>
  z
    .string()
    .transform((text, context) => {
      const point = parse(text);
      if (point !== undefined) return point;
      context.addIssue({ code: 'custom', message: `must be ${description}` });
      return z.NEVER;
    })
    .openapi({ type: 'string', description, example: '2026-03-01T12:00:00Z' });

export const At = parsed(parsePastPoint, 'a revision, or an ISO 8601 time with its zone');
export const PointText = parsed(
  parsePoint,
  '`present`, a revision, an ISO 8601 time with its zone, or `v7` for a version of a key',
);
