-- extend: prolongs a worker's lease by its full length.
--
-- KEYS  1 lane (stream)
-- ARGV  1 entry id  2 worker  3 delivery count at which the worker got it
-- Returns 1, or 0 when the entry is gone or somebody else's.
--
-- Invariant: the delivery count grows with every (re)claim, so that it tells two claims of one worker apart; JUSTID
-- leaves it alone.
local held = redis.pcall('XPENDING', KEYS[1], 'workers', ARGV[1], ARGV[1], 1, ARGV[2])
if held.err or #held == 0 or held[1][4] ~= tonumber(ARGV[3]) then return 0 end
return #redis.call('XCLAIM', KEYS[1], 'workers', ARGV[2], 0, ARGV[1], 'JUSTID')
