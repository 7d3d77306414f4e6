/** ioredis as this project uses it: no commands queued while away, dead links noticed, errors translated. */
import { ServiceError } from '@quantivista/contracts';
import type { Password } from '@quantivista/runtime';
import { Redis } from 'ioredis';

export interface RedisAddress {
  /** `redis://user@host:port`; who the user is, and a password that does not change, may stand in it. */
  readonly url: string;
  /** Asked for at each connection. */
  readonly password?: Password | undefined;
}

export interface RegionOptions extends RedisAddress {
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
export function connectRedis({ url, password }: RedisAddress, silenceMs: number): Redis {
  const redis = new Redis(url, {
    // Connected below, once the password stands where it is taken from at every connection.
    lazyConnect: true,
    connectTimeout: 3_000,
    socketTimeout: silenceMs,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: attempt => {
      setPassword();
      return Math.min(50 * attempt, 500);
    },
  });
  function setPassword(): void {
    if (!password) return;
    try {
      redis.options.password = password();
    } catch (cause) {
      // Tried with the one from before, which Redis may refuse: then the file is tried again.
      redis.emit('error', cause);
    }
  }
  // Without a listener ioredis prints the error; every command that is affected reports it as well.
  redis.on('error', () => {});
  setPassword();
  redis.connect().catch(() => {});
  return redis;
}

/** Rethrow a failure of Redis as `store_unavailable`, the original as its cause. */
export function unavailable(cause: unknown): never {
  throw new ServiceError('store_unavailable', { message: "The region's store does not answer", cause });
}
