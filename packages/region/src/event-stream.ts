/** A stream of events in a Redis at the centre. Its ids are the events' sequences: Redis refuses one that it has. */
import { connectRedis, type RedisAddress, unavailable } from './connection.ts';

export const CENTRE_EVENTS_KEY = '{qv:centre}:events';

export interface StreamedEvent {
  readonly sequence: number;
  readonly id: string;
  /** As JSON. */
  readonly event: string;
}

/** Every call throws ServiceError `store_unavailable` where Redis does not answer. */
export interface EventStream {
  /** Sequence of the newest event that was ever added; 0 where Redis has none, or has lost them. */
  newest(): Promise<number>;
  /** Add events in order of their sequence; those that are there already are left as they are. */
  append(events: readonly StreamedEvent[]): Promise<void>;
  close(): void;
}

/**
 * Adds what follows on the newest id. Within Redis, so that of two who do it at once neither adds twice.
 * KEYS: stream. ARGV: longest stream, then sequence, id, event of each.
 */
const APPEND = `
local held = 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then held = tonumber(string.match(info[i + 1], '^%d+')) end
  end
end
for i = 2, #ARGV, 3 do
  if tonumber(ARGV[i]) > held then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i] .. '-0', 'id', ARGV[i + 1], 'event', ARGV[i + 2])
  end
end
return 1
`;

export interface EventStreamOptions extends RedisAddress {
  /** Events kept, about. @default 100000 */
  readonly length?: number;
}

export function createEventStream({ length = 100_000, ...address }: EventStreamOptions): EventStream {
  const redis = connectRedis(address, 10_000);
  return {
    newest: async () => {
      // Not XINFO, which fails where there is no stream: the newest entry is never trimmed.
      const [newest] = await redis.xrevrange(CENTRE_EVENTS_KEY, '+', '-', 'COUNT', 1).catch(unavailable);
      return newest ? Number(newest[0].split('-')[0]) : 0;
    },
    append: async events => {
      const fields = events.flatMap(({ sequence, id, event }) => [String(sequence), id, event]);
      await redis.eval(APPEND, 1, CENTRE_EVENTS_KEY, String(length), ...fields).catch(unavailable);
    },
    close: () => redis.disconnect(),
  };
}
