/** Which permission a request takes, known from its line alone: decided before its body is judged. */
import type { Permission } from '@quantivista/contracts';

type AnyOf = readonly Permission[];

/** The first that matches counts; any one of its permissions is enough. */
const WRITES: readonly (readonly [path: RegExp, anyOf: AnyOf])[] = [
  [/^\/api\/v1\/(?:access|protection)(?:\/|$)/, ['admin']],
  [/^\/api\/v1\/secrets\/destroy$/, ['admin']],
  [/^\/api\/v1\/proposals\/[^/]+\/(?:approve|reject)$/, ['approve']],
  [/^\/api\/v1\/proposals\/[^/]+\/(?:comment|apply)$/, ['write', 'flag', 'rollback', 'approve']],
  [/^\/api\/v1\/proposals\/[^/]+\/withdraw$/, ['write', 'flag', 'rollback', 'admin']],
  [/^\/api\/v1\/(?:feature-flags|flags|segments)(?:\/|$)/, ['flag', 'write']],
  [/^\/api\/v1\/config\/rollback$/, ['rollback', 'write']],
];
const READS: readonly (readonly [path: RegExp, anyOf: AnyOf])[] = [
  [/^\/api\/v1\/access(?:\/|$)/, ['admin']],
  [/^\/api\/v1\/audit(?:\/|$)/, ['audit']],
];

const isWrite = (method: string) => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';

/** Undefined for reads that ask for nothing beyond being allowed to read. */
export function neededPermissions(method: string, path: string): AnyOf | undefined {
  const find = (table: typeof WRITES) => table.find(([pattern]) => pattern.test(path))?.[1];
  return isWrite(method) ? (find(WRITES) ?? ['write']) : find(READS);
}
