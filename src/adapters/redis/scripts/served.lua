-- served: for how long this run of Redis has served us, whoever of us was the first to find it.
--
-- KEYS  1 served (string: the run, a blank, since when in ms)
-- ARGV  1 the run (run_id of INFO)
-- Returns ms; 0 for a run that nobody knew, which is known from now on.
--
-- Invariant: a run that was loading its data, or was another's replica, has served nobody: how long it is up tells
-- nothing about leases.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run, since = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%d+)$')
if run == ARGV[1] then return math.max(0, now - tonumber(since)) end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%.0f', now))
return 0
