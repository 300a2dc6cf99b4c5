-- put-off: puts the next look of upkeep at a job that is due off.
--
-- KEYS  1 upkeep (zset)
-- ARGV  1 job id  2 by when it was due (ms)  3 when to look again (ms)
-- Returns 1, or 0 when the job has changed since and is not due, runs or is gone; then nothing changed.
--
-- Invariant: a time that a transition has set since is never moved.
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at or tonumber(at) > tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
