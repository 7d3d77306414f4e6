/**
 * The rules by which a region's Redis changes. They run whole inside Redis, so any number of feeders
 * may call them, late, twice or at once: the outcome depends on (generation, revision) alone.
 */

/**
 * Apply one revision, where it follows on the one held.
 * KEYS: pointer, revision, snapshot, stream. ARGV: generation, from, to, how the stream is trimmed (`MAXLEN` or `MINID`)
 * and where, then key, value pairs; a value is `=` and the text, or `-` for a deletion.
 * Answers `applied`, `duplicate`, `gap` (with the revision held), `foreign` (another generation, or empty) or
 * `broken` (the stream is ahead of the revision: somebody else wrote into it).
 *
 * The stream comes first: Redis itself refuses an id at or under its top. Each change carries the value that
 * it replaced and its mod revision, so that a node which replays the stream can tell watchers the same as one that was there.
 */
export const APPLY = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'foreign'} end
local held = redis.call('GET', KEYS[2])
if not held then return {'foreign'} end
local current = tonumber(held)
if tonumber(ARGV[3]) <= current then return {'duplicate', held} end
if tonumber(ARGV[2]) > current then return {'gap', held} end
local fields = {'prev', held}
for i = 6, #ARGV, 2 do
  local old = redis.call('HGET', KEYS[3], ARGV[i])
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = ARGV[i + 1]
  local colon = old and string.find(old, ':', 1, true)
  fields[#fields + 1] = '<' .. (old and string.sub(old, 1, colon - 1) or '')
  fields[#fields + 1] = old and ('=' .. string.sub(old, colon + 1)) or '-'
end
local added = redis.pcall('XADD', KEYS[4], ARGV[4], '~', ARGV[5], ARGV[3] .. '-0', unpack(fields))
if type(added) == 'table' and added.err then
  if string.find(added.err, 'equal or smaller', 1, true) then return {'broken', held} end
  return added
end
for i = 6, #ARGV, 2 do
  if string.sub(ARGV[i + 1], 1, 1) == '-' then
    redis.call('HDEL', KEYS[3], ARGV[i])
  else
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[3] .. ':' .. string.sub(ARGV[i + 1], 2))
  end
end
redis.call('SET', KEYS[2], ARGV[3])
return {'applied', ARGV[3]}
`;

/** Changes that one APPLY can carry: Lua unpacks at most about 8000 values, a change takes four. */
export const MAX_CHANGES = 1_900;

/**
 * Put a whole state, built aside, in the place of what is held: if that is still what the feeder saw.
 * KEYS: pointer, loading, revision, snapshot, stream, then the three keys of the generation replaced.
 * ARGV: generation seen, revision seen (both '' for none), generation, revision, number of keys (not 0).
 * Answers `published`, or `changed` where another feeder was first, or where what was built aside is not
 * there in full: it expired while the feeder was stopped, or was lost with the Redis that held it.
 */
export const PUBLISH = `
local generation = redis.call('GET', KEYS[1]) or ''
local revision = ''
if generation ~= '' then revision = redis.call('GET', KEYS[6]) or '' end
local loaded = redis.call('HLEN', KEYS[2])
if generation ~= ARGV[1] or revision ~= ARGV[2] or loaded == 0 or loaded ~= tonumber(ARGV[5]) then
  redis.call('UNLINK', KEYS[2])
  return {'changed'}
end
if generation ~= ARGV[3] then redis.call('UNLINK', KEYS[6], KEYS[7], KEYS[8]) end
if revision == '' or generation ~= ARGV[3] then redis.call('UNLINK', KEYS[5]) end
redis.call('UNLINK', KEYS[4])
redis.call('RENAME', KEYS[2], KEYS[4])
redis.call('PERSIST', KEYS[4])
local added = redis.pcall('XADD', KEYS[5], ARGV[4] .. '-0', 'reset', '1')
if type(added) == 'table' and added.err then
  redis.call('UNLINK', KEYS[5])
  redis.call('XADD', KEYS[5], ARGV[4] .. '-0', 'reset', '1')
end
redis.call('SET', KEYS[3], ARGV[4])
redis.call('SET', KEYS[1], ARGV[3])
return {'published'}
`;

/**
 * Put keys right that were found to differ from a list of the store at `since`. Any of them may have changed
 * since then, rightly: a key that no entry after `since` touches must be as listed, every other one is left.
 * KEYS: pointer, revision, snapshot, stream. ARGV: generation, since, then key, field pairs; a field is `=` and
 * `{mod revision}:{value}`, or `-` where the store has no such key.
 * Answers `repaired` and the keys that were wrong, or `moved` where the region is not, or no longer, in a
 * state from which that can be told.
 */
export const REPAIR = `
local held = redis.call('GET', KEYS[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] or not held then return {'moved'} end
local reached, touched = tonumber(ARGV[2]), {}
if tonumber(held) < reached then return {'moved'} end
for _, entry in ipairs(redis.call('XRANGE', KEYS[4], ARGV[2] .. '-1', held .. '-0')) do
  local fields = entry[2]
  if fields[1] == 'reset' or tonumber(fields[2]) > reached then return {'moved'} end
  reached = tonumber(string.match(entry[1], '^%d+'))
  for i = 3, #fields, 4 do touched[fields[i]] = true end
end
if reached < tonumber(held) then return {'moved'} end
local answer = {'repaired'}
for i = 3, #ARGV, 2 do
  local key, wanted = ARGV[i], false
  if string.sub(ARGV[i + 1], 1, 1) == '=' then wanted = string.sub(ARGV[i + 1], 2) end
  if not touched[key] and redis.call('HGET', KEYS[3], key) ~= wanted then
    if wanted then redis.call('HSET', KEYS[3], key, wanted) else redis.call('HDEL', KEYS[3], key) end
    answer[#answer + 1] = key
  end
end
return answer
`;
