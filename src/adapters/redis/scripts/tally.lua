-- tally: counts one more of something.
--
-- KEYS  1 tally (string: how many)
-- ARGV  1 window (ms), which begins with the first
-- Returns { how many there were, what is left of the window (ms) }.
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { count, redis.call('PTTL', KEYS[1]) }
