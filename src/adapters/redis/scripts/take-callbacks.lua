-- take-callbacks: hands out jobs whose end is to be told, each to one process at a time.
--
-- KEYS  1 callbacks (zset)
-- ARGV  1 due by (ms)  2 how many at most  3 until when they are held (ms)
-- Returns job ids, the longest due first.
--
-- Invariant: what is taken stays among them, later: whoever took it and dies has lost nothing.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, jobId in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[3], jobId) end
return due
