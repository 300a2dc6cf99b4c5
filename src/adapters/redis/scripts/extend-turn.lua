-- extend-turn: prolongs the turn of a conversation for its holder.
--
-- KEYS  1 turn (string: its holder)
-- ARGV  1 holder  2 lease (ms)
-- Returns 1, or 0 when it has lapsed or is another's; then nothing changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
