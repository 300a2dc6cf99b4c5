-- ask-to-drain: leaves a worker word to drain, and rings for it.
--
-- KEYS  1 workers (hash)  2 until when each counts as alive (zset)  3 those asked to drain (set)
-- ARGV  1 worker  2 its doorbell (channel)
-- Returns 1, or 0 when no living worker has this name; then nothing changed.
local lapses = redis.call('ZSCORE', KEYS[2], ARGV[1])
local time = redis.call('TIME')
if not lapses or tonumber(lapses) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('PUBLISH', ARGV[2], '')
return 1
