-- replace-grant: puts a new text in the place of one that is known.
--
-- KEYS  1 client or grant (string)
-- ARGV  1 the text that is known  2 the new one  3 how long it is kept (ms)
-- Returns 1, or 0 when another text is there, or none; then nothing changed.
--
-- Invariant: of many who know the same text one succeeds; sent again, it is the same one.
local text = redis.call('GET', KEYS[1])
if text == ARGV[2] then return 1 end
if text ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
