-- trip: opens the breaker of a credential until a time, by the clock of Redis.
--
-- KEYS  1 breaker (string: until when (ms), a space, the opening that this goes back to)
-- ARGV  1 until (ms)  2 how long after that it is still known that nobody has found out (ms)  3 how far off at most (ms)
-- Returns 1
--
-- Invariant: the time only grows; the key goes by itself. An opening is named by its time: probes that were let through
-- before it close nothing any more.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local till = math.min(tonumber(ARGV[1]), now + tonumber(ARGV[3]))
local known = tonumber(string.match(redis.call('GET', KEYS[1]) or '0', '^%d+'))
local ttl = till - now + tonumber(ARGV[2])
if till > known and ttl > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f %.0f', till, till), 'PX', string.format('%.0f', ttl))
end
return 1
