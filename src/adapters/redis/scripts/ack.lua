-- ack: drops the lane entry of a job that has nothing left to do, when the worker still holds it.
--
-- KEYS  1 lane (stream)  2 view (string)
-- ARGV  1 entry id  2 worker  3 delivery count at which the worker got it
-- Returns 1, or 0 when the entry is gone or somebody else's; then nothing changed.
--
-- Invariant: acknowledged and deleted in one step, so that XLEN(lane) = waiting + running.
local lane, view = unpack(KEYS)
-- @include views
local held = redis.pcall('XPENDING', lane, 'workers', ARGV[1], ARGV[1], 1, ARGV[2])
if held.err or #held == 0 or held[1][4] ~= tonumber(ARGV[3]) then return 0 end
redis.call('XACK', lane, 'workers', ARGV[1])
redis.call('XDEL', lane, ARGV[1])
local job = viewAt(view)
if job.entry == ARGV[1] then
  job.entry = nil
  changed(view)
end
saveViews()
return 1
