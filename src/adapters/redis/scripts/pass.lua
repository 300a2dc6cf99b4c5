-- pass: may an attempt with this credential start? After the breaker's time one may in each window, to find out.
--
-- KEYS  1 breaker (string: until when, ms)
-- ARGV  1 window of a probe (ms)  2 how long after that it is still known that nobody has found out (ms)
-- Returns {'closed'} | {'open', until} | {'probe', the time that names it}
--
-- Invariant: of any number of askers in one window, one is told to probe.
local till = redis.call('GET', KEYS[1])
if not till then return { 'closed' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(till) > now then return { 'open', till } end
local probe = string.format('%.0f', now + tonumber(ARGV[1]))
redis.call('SET', KEYS[1], probe, 'PX', string.format('%.0f', tonumber(ARGV[1]) + tonumber(ARGV[2])))
return { 'probe', probe }
