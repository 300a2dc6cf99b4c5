-- pass: may an attempt with this credential start? After the breaker's time one may in each window, to find out.
--
-- KEYS  1 breaker (string: until when (ms), a space, the opening that this goes back to)
-- ARGV  1 window of a probe (ms)  2 how long after that it is still known that nobody has found out (ms)
-- Returns {'closed'} | {'open', until} | {'probe', the opening that it probes}
--
-- Invariant: of any number of askers in one window, one is told to probe.
local known = redis.call('GET', KEYS[1])
if not known then return { 'closed' } end
local till, opening = string.match(known, '^(%d+) (%d+)$')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(till) > now then return { 'open', till } end
local probing = string.format('%.0f %s', now + tonumber(ARGV[1]), opening)
redis.call('SET', KEYS[1], probing, 'PX', string.format('%.0f', tonumber(ARGV[1]) + tonumber(ARGV[2])))
return { 'probe', opening }
