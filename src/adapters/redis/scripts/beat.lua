-- beat: announces or refreshes a worker, and tells it what is asked of it.
--
-- KEYS  1 workers (hash)  2 until when each counts as alive (zset)  3 those asked to drain (set)
-- ARGV  1 worker  2 its record as JSON  3 ttl (ms)
-- Returns 1 when it is to drain, else 0
local time = redis.call('TIME')
local lapses = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], string.format('%.0f', lapses), ARGV[1])
return redis.call('SISMEMBER', KEYS[3], ARGV[1])
