-- trip: opens the breaker of a credential until a time, by the clock of Redis.
--
-- KEYS  1 breaker (string: until when, ms)
-- ARGV  1 until (ms)  2 how long after that it is still known that nobody has found out (ms)
-- Returns 1
--
-- Invariant: the time only grows; the key goes by itself.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local till = math.max(tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or '0'))
local ttl = till - now + tonumber(ARGV[2])
if ttl > 0 then redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', string.format('%.0f', ttl)) end
return 1
