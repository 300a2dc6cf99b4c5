-- mend: closes the breaker of a credential, when a probe found the limit over and it was not opened again since.
--
-- KEYS  1 breaker (string: until when (ms), a space, the opening that this goes back to)
-- ARGV  1 the opening that was probed
-- Returns 1, or 0 when an opening came after it; then nothing changed.
--
-- Invariant: a probe may take longer to hear an answer than the next ones wait to be let through; its word counts.
local known = redis.call('GET', KEYS[1])
if not known or string.match(known, '%d+$') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
