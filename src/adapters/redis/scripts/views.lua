-- views: part of every script that reads or changes what scripts know of a job; not run by itself.
--
-- A view is one text, so that those of many jobs are read, and written, by one call: status, attempt, cursor of the last
-- event and lane entry ('-' for none), what only some jobs have as `name=value`, and `lane=` with the rest; blanks between
-- them. Within a script it is a table of these by name, without what is missing; empty for a job that has none.
--
-- Most views have nothing but a lane behind the entry: they keep that part as it was, as `rest`.
--
-- Invariants: what `changed` was told of is in Redis after `saveViews`, with which every script ends that changes a view.
-- What has a name is set by `note`.
local EXTRAS = { 'repo', 'heldSince', 'heldMs', 'saidAttempt', 'saidSeq', 'saidAt', 'letter', 'trimmed' }
local views, changedViews, begun, plainLanes = {}, {}, {}, {}

local function parseView(text)
  local status, attempt, cursor, entry, rest = string.match(text or '', '^(%S+) (%S+) (%S+) (%S+)( .*)$')
  if not status then return {} end
  local lane = plainLanes[rest] or string.match(rest, '^ lane=(.*)$')
  local view = { status = status, attempt = attempt, cursor = cursor, entry = entry ~= '-' and entry or nil, lane = lane }
  if lane then
    plainLanes[rest], view.rest = lane, rest
  else
    local extras, ofLane = string.match(rest, '^(.-) lane=(.*)$')
    view.lane = ofLane
    for name, value in string.gmatch(extras or '', ' (%a+)=(%S+)') do view[name] = value end
  end
  return view
end

local function restOf(view)
  local text = ''
  for _, name in ipairs(EXTRAS) do
    if view[name] then text = text .. ' ' .. name .. '=' .. view[name] end
  end
  return text .. ' lane=' .. view.lane
end

-- Looks at many views at once, for `viewAt`.
local function loadViews(keys)
  if #keys == 0 then return end
  for nth, text in ipairs(redis.call('MGET', unpack(keys))) do views[keys[nth]] = parseView(text) end
end

local function viewAt(key)
  local view = views[key]
  if not view then
    view = parseView(redis.call('GET', key))
    views[key] = view
  end
  return view
end

-- The view of a job that has just begun: nobody need look for it.
local function beginView(key, view) views[key], begun[key] = view, true end

-- Sets one of EXTRAS, or the lane; nil takes it away.
local function note(view, name, value)
  view[name], view.rest = value, nil
end

local function changed(key) changedViews[key] = true end

-- Views as texts, each behind its key, of jobs that are not in `views`.
local worded = {}

local function saveViews()
  for key in pairs(changedViews) do
    local view = views[key]
    worded[#worded + 1] = key
    worded[#worded + 1] = view.status .. ' ' .. view.attempt .. ' ' .. view.cursor .. ' ' .. (view.entry or '-')
      .. (view.rest or restOf(view))
  end
  if #worded > 0 then redis.call('MSET', unpack(worded)) end
end
