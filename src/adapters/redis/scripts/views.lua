-- views: part of every script that reads or changes what scripts know of a job; not run by itself.
--
-- A view is one text, so that those of many jobs are read, and written, by one call: status, attempt, cursor of the last
-- event and lane entry ('-' for none), what only some jobs have as `name=value`, and `lane=` with the rest; blanks between
-- them. Within a script it is a table of these by name, without what is missing; empty for a job that has none.
--
-- Invariant: what `changed` was told of is in Redis after `saveViews`, with which every script ends that changes a view.
local EXTRAS = { 'repo', 'heldSince', 'heldMs', 'saidAttempt', 'saidSeq', 'saidAt', 'letter', 'trimmed' }
local views, changedViews = {}, {}

local function parseView(text)
  local status, attempt, cursor, entry, extras, lane =
    string.match(text or '', '^(%S+) (%S+) (%S+) (%S+)(.-) lane=(.*)$')
  local view = { status = status, attempt = attempt, cursor = cursor, lane = lane }
  if entry ~= '-' then view.entry = entry end
  if extras and extras ~= '' then
    for name, value in string.gmatch(extras, ' (%a+)=(%S+)') do view[name] = value end
  end
  return view
end

local function formatView(view)
  local text = view.status .. ' ' .. view.attempt .. ' ' .. view.cursor .. ' ' .. (view.entry or '-')
  for i = 1, #EXTRAS do
    local value = view[EXTRAS[i]]
    if value then text = text .. ' ' .. EXTRAS[i] .. '=' .. value end
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

local function changed(key) changedViews[key] = true end

local function saveViews()
  local pairsOf = {}
  for key in pairs(changedViews) do
    pairsOf[#pairsOf + 1] = key
    pairsOf[#pairsOf + 1] = formatView(views[key])
  end
  if #pairsOf > 0 then redis.call('MSET', unpack(pairsOf)) end
end
