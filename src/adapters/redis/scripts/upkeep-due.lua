-- upkeep-due: which jobs upkeep must look at. Changes nothing but that seconds go of which nothing is left.
--
-- KEYS  1 seconds (zset)  2 put off (zset)
-- ARGV  1 what the keys of the lists (of ids) of seconds begin with  2 the present second  3 now (ms)
--       4 how many at most, of either kind
-- Returns { of the seconds, put off }, each a flat list: job id, second (or time, ms), job id ...; the longest due first.
local seconds, putOff = unpack(KEYS)
local toList, present, now, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local found = {}
for _, second in ipairs(redis.call('ZRANGEBYSCORE', seconds, '-inf', present, 'LIMIT', 0, limit)) do
  local list = toList .. second
  local ids = redis.call('LRANGE', list, 0, limit - #found / 2 - 1)
  if #ids == 0 then redis.call('ZREM', seconds, second) end
  for _, jobId in ipairs(ids) do
    found[#found + 1] = jobId
    found[#found + 1] = second
  end
  if #found / 2 >= limit then break end
end
return { found, redis.call('ZRANGEBYSCORE', putOff, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit) }
