/** ioredis as this project uses it: no commands queued while away, dead links noticed, errors translated. */
import { ServiceError } from '@quantivista/contracts';
import { Redis } from 'ioredis';

export interface RegionOptions {
  readonly url: string;
  readonly region: string;
  /** Longest that a blocking read waits for news. @default 500 */
  readonly blockMs?: number;
  /** Entries kept in the stream, for nodes and watchers to resume from. @default 20000 */
  readonly streamLength?: number;
}

/**
 * One connection. A half-open link is noticed by `silenceMs` without any byte, which must be longer than
 * a blocking read. Commands fail at once while there is no connection: the loops that own them wait.
 */
export function connectRedis(url: string, silenceMs: number): Redis {
  const redis = new Redis(url, {
    connectTimeout: 3_000,
    socketTimeout: silenceMs,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: attempt => Math.min(50 * attempt, 500),
  });
  // Without a listener ioredis prints the error; every command that is affected reports it as well.
  redis.on('error', () => {});
  return redis;
}

/** Rethrow a failure of Redis as `store_unavailable`, the original as its cause. */
export function unavailable(cause: unknown): never {
  throw new ServiceError('store_unavailable', { message: "The region's store does not answer", cause });
}
