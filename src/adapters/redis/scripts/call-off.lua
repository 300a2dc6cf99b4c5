-- call-off: notes for a while that a request of a visit is called off, and rings.
--
-- KEYS  1 the note (string)
-- ARGV  1 for how long (ms)  2 the doorbell of the visit (channel)
-- Returns 1.
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
redis.call('PUBLISH', ARGV[2], '')
return 1
