-- begin-visit: begins the visit of a client.
--
-- KEYS  1 visit (hash)
-- ARGV  1 caller  2 how long it lasts without being found again (ms)
-- Returns 1.
redis.call('HSET', KEYS[1], 'caller', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
