-- end-turn: gives the turn of a conversation back, and rings those who wait for it.
--
-- KEYS  1 turn (string: its holder)
-- ARGV  1 holder  2 its doorbell (channel)
-- Returns 1, or 0 when it has lapsed or is another's; then nothing changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], '')
return 1
