-- steal: takes a lane entry out of the hands of a worker that let it lie, and puts it back as a new one for anybody.
--
-- KEYS  1 lane (stream)  2 view (string)  3 offers of who waits there (list)
-- ARGV  1 entry id  2 worker  3 idle at least (ms)  4 job id
-- Returns 1, or 0 when the entry is gone, somebody else's, or was extended meanwhile; then nothing changed.
--
-- Invariants: those of put-back.lua; the old holder is refused.
local lane, view, offers = unpack(KEYS)
-- @include views
-- @include serve
-- @include put-back
local held = redis.call('XPENDING', lane, 'workers', 'IDLE', ARGV[3], ARGV[1], ARGV[1], 1, ARGV[2])
if #held == 0 then return 0 end
putBack(lane, view, ARGV[1], ARGV[4])
serve(lane, offers)
return 1
