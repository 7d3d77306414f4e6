/** ioredis as this project uses it: no commands queued while away, dead links noticed, errors translated. */
import { ServiceError } from '@quantivista/contracts';
import { type Certificates, linkTls, type Password, withTlsFailure } from '@quantivista/runtime';
import { Redis } from 'ioredis';

export interface RedisAddress {
  /**
   * `redis://user@host:port`, `rediss://` where it speaks TLS; who the user is, and a password that does not change,
   * may stand in it.
   */
  readonly url: string;
  /** Asked for at each connection. */
  readonly password?: Password | undefined;
  /** Whom to trust and what to show, by TLS. @default whom the runtime trusts, and nothing */
  readonly certificates?: Certificates | undefined;
}

export interface RegionOptions extends RedisAddress {
  readonly region: string;
  /** Longest that a blocking read waits for news. @default 500 */
  readonly blockMs?: number;
  /** Entries kept in the stream, for nodes and watchers to resume from. @default 20000 */
  readonly streamLength?: number;
  /** Fewer, where they would be heavier than this: up to twice as much for a while after a feeder's start. @default 64 MiB */
  readonly streamBytes?: number;
}

/**
 * One connection. A half-open link is noticed by `silenceMs` without any byte, which must be longer than
 * a blocking read. Commands fail at once while there is no connection: the loops that own them wait.
 */
export function connectRedis({ url, password, certificates }: RedisAddress, silenceMs: number): Redis {
  const redis = new Redis(url, {
    ...(url.startsWith('rediss:') && { tls: linkTls(certificates) }),
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
  keepReason(redis);
  setPassword();
  redis.connect().catch(() => {});
  return redis;
}

/** What ioredis keeps to itself: fails all commands that wait. */
const queueOf = (redis: Redis) => redis as unknown as { flushQueue(error: Error, options?: object): void };

/** End a connection, in whatever state it is. Commands that wait fail, and so do those that come afterwards. */
export function closeRedis(redis: Redis): void {
  // ioredis listens to the first error alone, and a TLS handshake that is broken off may have another.
  redis.stream?.on('error', () => {});
  redis.options.enableOfflineQueue = false;
  redis.disconnect();
  // Between two attempts to connect there is nothing whose end would tell ioredis to let them go: they waited for ever.
  queueOf(redis).flushQueue(new Error('the connection was closed'));
}

/** Commands that fail for want of a connection say no more than that: why there is none becomes their error's cause. */
function keepReason(redis: Redis): void {
  let reason: Error | undefined;
  // Without a listener ioredis would print it.
  redis.on('error', error => {
    reason = error;
  });
  redis.on('ready', () => {
    reason = undefined;
  });
  const queue = queueOf(redis);
  const flush = queue.flushQueue.bind(redis);
  queue.flushQueue = (error, options) => {
    if (reason !== undefined && reason !== error) error.cause ??= reason;
    flush(error, options);
  };
}

/** Rethrow a failure of Redis as `store_unavailable`, the original as its cause. */
export function unavailable(cause: unknown): never {
  const message = withTlsFailure("The region's store does not answer", cause);
  throw new ServiceError('store_unavailable', { message, cause });
}
