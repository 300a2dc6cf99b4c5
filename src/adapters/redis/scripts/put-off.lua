-- put-off: puts the next look of upkeep at a job off.
--
-- KEYS  1 put off (zset)  2 view (string)
-- ARGV  1 job id  2 now (ms)  3 when to look again (ms)
-- Returns 1, or 0 when the job is gone, or is to be looked at before that anyway; then nothing changed.
local putOff, view = unpack(KEYS)
local at = tonumber(redis.call('ZSCORE', putOff, ARGV[1]) or '-1')
if redis.call('EXISTS', view) == 0 or (at > tonumber(ARGV[2]) and at <= tonumber(ARGV[3])) then return 0 end
redis.call('ZADD', putOff, ARGV[3], ARGV[1])
return 1
