-- mend: closes the breaker of a credential, when the probe that found the limit over is still the last word.
--
-- KEYS  1 breaker (string: until when, ms)
-- ARGV  1 the time that names the probe
-- Returns 1, or 0 when another probe or an opening came after it; then nothing changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
