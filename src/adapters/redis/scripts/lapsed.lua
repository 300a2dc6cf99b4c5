-- lapsed: the direct attempts whose lease has lapsed, by the clock of Redis. Changes nothing.
--
-- KEYS  1 leases (zset)
-- ARGV  1 how many at most  2 until when this may be carried out (ms, by the clock of Redis)
-- Returns job ids, the longest lapsed first.
--
-- Invariant: a Redis that stood still finds the calls of before when it goes on: every lease has lapsed by then, but
-- nobody could extend. Nothing has lapsed for those.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[2]) then return {} end
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
