/**
 * How those who are there come and go in a region's Redis. Times are Redis's own, so that no node's clock
 * matters. KEYS of all rules: members, until, version, reporter.
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * The version is `{epoch}/{time}`: the epoch is when Redis first heard of anybody, and tells whether it has
 * lost what it held since.
 */
const TOUCH = `
local stamp = time[1] .. '.' .. time[2]
local epoch = string.match(redis.call('GET', KEYS[3]) or '', '^[^/]+') or stamp
redis.call('SET', KEYS[3], epoch .. '/' .. stamp)
`;

/** ARGV: who, their report, how long they count as alive (ms). */
export const PUT = `${NOW}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
${TOUCH}
`;

/** ARGV: who. */
export const REMOVE = `${NOW}
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
${TOUCH}
`;

/**
 * Who is there. ARGV: the reporter that asks ('' for somebody else), how long it is the only one (ms), the
 * version that it has seen.
 * Answers `another` while there is another reporter, `unchanged`, or `members` with the version and the hash.
 */
export const GATHER = `${NOW}
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
if #gone > 0 then
  for _, member in ipairs(gone) do
    redis.call('HDEL', KEYS[1], member)
    redis.call('ZREM', KEYS[2], member)
  end
  ${TOUCH}
end
if ARGV[1] ~= '' then
  local reporter = redis.call('GET', KEYS[4])
  if reporter and reporter ~= ARGV[1] then return {'another'} end
  redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[2])
end
local version = redis.call('GET', KEYS[3]) or ''
if version == ARGV[3] then return {'unchanged'} end
return {'members', version, redis.call('HGETALL', KEYS[1])}
`;

/** ARGV: the reporter that ends. */
export const RELEASE = `
if redis.call('GET', KEYS[4]) == ARGV[1] then redis.call('DEL', KEYS[4]) end
`;
