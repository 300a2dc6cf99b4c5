-- release: puts a claimed lane entry back as a new one, when the worker still holds it.
--
-- KEYS  1 lane (stream)  2 view (string)  3 offers of who waits there (list)
-- ARGV  1 entry id  2 worker  3 delivery count at which the worker got it  4 job id
-- Returns 1, or 0 when the entry is gone or somebody else's; then nothing changed.
--
-- Invariants: those of put-back.lua.
local lane, view, offers = unpack(KEYS)
-- @include views
-- @include serve
-- @include put-back
local held = redis.pcall('XPENDING', lane, 'workers', ARGV[1], ARGV[1], 1, ARGV[2])
if held.err or #held == 0 or held[1][4] ~= tonumber(ARGV[3]) then return 0 end
putBack(lane, view, ARGV[1], ARGV[4])
serve(lane, offers)
return 1
