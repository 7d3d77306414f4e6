/** etcd's and gRPC's errors, translated once. */
import { ERRORS, ServiceError } from '@quantivista/contracts';
import { withTlsFailure } from '@quantivista/runtime';
import { EtcdAuthenticationFailedError, EtcdInvalidAuthTokenError, EtcdPermissionDeniedError } from 'etcd3';

/**
 * Rethrow any failure of a call as `store_unavailable`, or as `store_full` where etcd has used up its quota; the
 * original stays as its cause, for the log.
 */
export function unavailable(cause: unknown): never {
  if (isFull(cause)) throw new ServiceError('store_full', { cause });
  // Whoever is denied is told apart from whom nobody answers: the one must be set right by a person.
  const message = isRefused(cause)
    ? 'The store does not let this process in'
    : withTlsFailure(ERRORS.store_unavailable.title, cause);
  throw new ServiceError('store_unavailable', { message, cause });
}

const isRefused = (error: unknown): boolean =>
  error instanceof EtcdAuthenticationFailedError ||
  error instanceof EtcdPermissionDeniedError ||
  error instanceof EtcdInvalidAuthTokenError;

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isFull = (error: unknown): boolean => /database space exceeded/.test(message(error));
export const isCompacted = (error: unknown): boolean =>
  /required revision has been compacted/.test(message(error));
export const isFutureRevision = (error: unknown): boolean =>
  /required revision is a future revision/.test(message(error));
/** An answer over the client's or server's limit: ask for less at a time. */
export const isOversized = (error: unknown): boolean =>
  /RESOURCE_EXHAUSTED|larger than max|message length too large/i.test(message(error));
