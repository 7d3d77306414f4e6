/**
 * How counts are gathered in a region's Redis and leave it. They gather in the open hash, which becomes the sealed one
 * as it stands: from then on it is the same under the same id whoever asks for it, until it is dropped.
 * In both, field '' holds `{id} {bytes} {time of creation}`; others are JSON, `[window, …name]`, of what there was no
 * room to name `[window]`. KEYS of all rules: open, sealed, claim, children.
 */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * KEYS beyond: what the node has told last. ARGV: sequence of this call among the node's, id of a hash that begins,
 * largest bytes of a hash, seconds to keep all of it, then a field and its count each. Answers 0 where the call was
 * carried out before.
 * The sequence is noted first: what breaks off in the middle is lost in part, and nothing is counted twice.
 */
export const ADD = `${NOW}
if tonumber(redis.call('GET', KEYS[5]) or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[5], ARGV[1], 'EX', ARGV[4])
local head = redis.call('HGET', KEYS[1], '') or (ARGV[2] .. ' 0 ' .. now)
local id, bytes, began = string.match(head, '^(%S+) (%d+) (%d+)$')
bytes = tonumber(bytes)
for i = 5, #ARGV, 2 do
  local field = ARGV[i]
  if redis.call('HEXISTS', KEYS[1], field) == 0 then
    if bytes > tonumber(ARGV[3]) then
      field = string.match(field, '^%[%d+') .. ']'
    else
      bytes = bytes + #field
    end
  end
  redis.call('HINCRBY', KEYS[1], field, ARGV[i + 1])
end
redis.call('HSET', KEYS[1], '', string.format('%s %d %s', id, bytes, began))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
`;

/**
 * ARGV: who asks, for how long nobody else may (ms), how old the open hash must be (ms). Answers the sealed hash; none
 * where another asks or there is nothing.
 */
export const SEAL = `${NOW}
local holder = redis.call('GET', KEYS[3])
if holder and holder ~= ARGV[1] then return {'another'} end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
if redis.call('EXISTS', KEYS[2]) == 0 then
  local head = redis.call('HGET', KEYS[1], '')
  if not head then return {'nothing'} end
  if now - tonumber(string.match(head, '%d+$')) < tonumber(ARGV[3]) then return {'nothing'} end
  redis.call('RENAME', KEYS[1], KEYS[2])
end
return {'sealed', redis.call('HGETALL', KEYS[2])}
`;

/** ARGV: id of the sealed hash that has been handed over. */
export const DROP = `
local head = redis.call('HGET', KEYS[2], '')
if head and string.match(head, '^%S+') == ARGV[1] then redis.call('UNLINK', KEYS[2]) end
`;

/**
 * One bundle a region that is fed from this one: `{id} {bundle}`. ARGV: region, id, bundle, most regions, seconds to
 * keep it. Answers 0 while there is no room for it.
 */
export const PUT_CHILD = `
local held = redis.call('HGET', KEYS[4], ARGV[1])
if held then
  if string.match(held, '^%S+') == ARGV[2] then return 1 end
  return 0
end
if redis.call('HLEN', KEYS[4]) >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('EXPIRE', KEYS[4], ARGV[5])
return 1
`;

/** ARGV: region, id. */
export const DROP_CHILD = `
local held = redis.call('HGET', KEYS[4], ARGV[1])
if held and string.match(held, '^%S+') == ARGV[2] then redis.call('HDEL', KEYS[4], ARGV[1]) end
`;
