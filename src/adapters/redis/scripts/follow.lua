-- follow: notes in a visit what its client follows, or no longer does, and rings.
--
-- KEYS  1 visit (hash)
-- ARGV  1 field  2 '1' to set it, '0' to take it away  3 its doorbell (channel)
-- Returns 1, or 0 when the visit has ended; then nothing changed.
--
-- Invariant: a visit that has ended does not come back as a hash without a caller and without an end.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[2] == '1' then redis.call('HSET', KEYS[1], ARGV[1], '') else redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('PUBLISH', ARGV[3], '')
return 1
