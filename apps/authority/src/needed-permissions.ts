/** Which permission a request takes, known from its line alone: decided before its body is judged. */
import type { Permission } from '@quantivista/contracts';

type AnyOf = readonly Permission[];
/** Undefined: whoever is known may ask, and what the answer takes is decided there. */
type Row = readonly [path: RegExp, anyOf: AnyOf | undefined];

/** The first that matches counts; any one of its permissions is enough. */
const EITHER: readonly Row[] = [[/^\/api\/v1\/access\/(?:whoami|check)$/, undefined]];
const WRITES: readonly Row[] = [
  ...EITHER,
  [/^\/api\/v1\/(?:access|protection)(?:\/|$)/, ['admin']],
  [/^\/api\/v1\/secrets\/destroy$/, ['admin']],
  [/^\/api\/v1\/proposals\/[^/]+\/(?:approve|reject)$/, ['approve']],
  [/^\/api\/v1\/proposals\/[^/]+\/(?:comment|apply)$/, ['write', 'flag', 'rollback', 'approve']],
  [/^\/api\/v1\/proposals\/[^/]+\/withdraw$/, ['write', 'flag', 'rollback', 'admin']],
  [/^\/api\/v1\/(?:feature-flags|flags|segments)(?:\/|$)/, ['flag', 'write']],
  [/^\/api\/v1\/config\/rollback$/, ['rollback', 'write']],
];
const READS: readonly Row[] = [
  ...EITHER,
  [/^\/api\/v1\/access\/denials$/, ['audit']],
  [/^\/api\/v1\/access(?:\/|$)/, ['admin']],
  [/^\/api\/v1\/audit(?:\/|$)/, ['audit']],
];

const isWrite = (method: string) => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';

/** Undefined for what asks for nothing on its line. */
export function neededPermissions(method: string, path: string): AnyOf | undefined {
  const row = (isWrite(method) ? WRITES : READS).find(([pattern]) => pattern.test(path));
  return row ? row[1] : isWrite(method) ? ['write'] : undefined;
}
