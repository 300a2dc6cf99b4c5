-- extend-direct: prolongs the lease of a direct attempt by its full length.
--
-- KEYS  1 leases (zset)  2 view (string)
-- ARGV  1 job id  2 attempt  3 lease (ms)
-- Returns 1, or 0 when the attempt is over; then nothing changed.
--
-- Invariant: a lease is there exactly while its attempt runs; one that lapsed is its holder's until somebody ends it.
local leases, view = unpack(KEYS)
-- @include views
if not redis.call('ZSCORE', leases, ARGV[1]) then return 0 end
if viewAt(view).attempt ~= ARGV[2] then return 0 end
local time = redis.call('TIME')
local lapses = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
redis.call('ZADD', leases, string.format('%.0f', lapses), ARGV[1])
return 1
