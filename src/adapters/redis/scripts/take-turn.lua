-- take-turn: takes the turn of a conversation, or prolongs it for who has it.
--
-- KEYS  1 turn (string: its holder)
-- ARGV  1 holder  2 lease (ms)
-- Returns 1, or 0 when it is another's; then nothing changed.
--
-- Invariant: the turn has one holder; sent again, it is the same one's.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
