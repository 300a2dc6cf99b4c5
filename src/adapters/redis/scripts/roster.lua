-- roster: who is alive by the clock of Redis; forgets those whose heartbeat has lapsed.
--
-- KEYS  1 workers (hash)  2 until when each counts as alive (zset)  3 those asked to drain (set)
-- Returns the records of the living as JSON
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('HDEL', KEYS[1], worker)
  redis.call('ZREM', KEYS[2], worker)
  redis.call('SREM', KEYS[3], worker)
end
return redis.call('HVALS', KEYS[1])
