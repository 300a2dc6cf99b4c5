-- due: which delayed jobs have come to their time, by the clock of Redis. Changes nothing.
--
-- KEYS  1 delayed (zset)
-- ARGV  1 how many at most
-- Returns job ids, the longest due first.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
