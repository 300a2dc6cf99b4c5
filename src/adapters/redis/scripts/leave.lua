-- leave: a worker says goodbye.
--
-- KEYS  1 workers (hash)  2 until when each counts as alive (zset)  3 those asked to drain (set)
-- ARGV  1 worker
-- Returns 1
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[1])
return 1
