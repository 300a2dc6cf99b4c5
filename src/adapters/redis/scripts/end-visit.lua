-- end-visit: ends the visit of a client, and rings.
--
-- KEYS  1 visit (hash)
-- ARGV  1 its doorbell (channel)
-- Returns 1.
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], '')
return 1
