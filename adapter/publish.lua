-- Appends lines of one run to the log, announces them and publishes them bare.
--
-- KEYS[1]  stream: the log
-- KEYS[2]  hash: run -> number of its last line in the log (its watermark),
--          "@" .. run -> second of its last probe, "bytes" -> bytes ever logged
-- ARGV[1]  run
-- ARGV[2]  number of the first line
-- ARGV[3]  "1": the lines before the first one are given up (a new base)
-- ARGV[4]  lines up to this number have been published bare and are not again
-- ARGV[5]  count of this call, which the node that made it waits to hear
-- ARGV[6]  channel of announcements
-- ARGV[7]  channel of bare lines
-- ARGV[8]  most bytes that the log may hold
-- ARGV[9]  seconds after which unused keys expire
-- ARGV[10] "1": renew the expiry of the log
-- ARGV[11] and on: for each line its hash and its text. None: a probe.
--
-- Returns the run's watermark, and the error of what was refused after the
-- lines were appended, if any. An error instead means that no line was.
local call, pcall, format = redis.call, redis.pcall, string.format
local stream, marks, run = KEYS[1], KEYS[2], ARGV[1]
local first, args = tonumber(ARGV[2]), #ARGV
local entryCost = 64 -- bytes of an entry beyond its text, about

local length = call('XLEN', stream)
if length == 0 then
  -- The watermarks speak of lines that are gone. DEL alone would be allowed
  -- over maxmemory, and all that a script does after its first write.
  call('HSET', marks, 'bytes', 0)
  call('DEL', marks)
end
local known = call('HMGET', marks, run, 'bytes')
local mark = tonumber(known[1] or 0)
if args > 10 and first > mark + 1 and ARGV[3] ~= '1' then
  return {known[1] or '0'}
end
local before = tonumber(known[2] or 0)
if not known[2] and length > 0 then
  before = tonumber(call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][2][6])
end

local last, after = mark, before
for i = 12, args, 2 do
  local number = first + (i - 12) / 2
  if number > mark then
    last = number
    after = after + #ARGV[i] + entryCost
  end
end
-- The first write that can be refused: if it fails, nothing is appended. Lua's
-- own conversion would write large numbers with an exponent.
local lastText = last == first and ARGV[2] or format('%.0f', last)
local afterText = format('%.0f', after)
call('HSET', marks, run, lastText, 'bytes', afterText)

if args == 10 then
  -- A probe also shows whether this user may do what lines need, and removes
  -- the watermarks of runs that have not probed for long.
  call('XRANGE', stream, '-', '+', 'COUNT', 1)
  local now = tonumber(call('TIME')[1])
  call('HSET', marks, '@' .. run, now)
  local fields, value, runs = call('HGETALL', marks), {}, {}
  for i = 1, #fields, 2 do
    value[fields[i]] = tonumber(fields[i + 1])
    if fields[i] ~= 'bytes' then runs[string.gsub(fields[i], '^@', '')] = true end
  end
  for other in pairs(runs) do
    local seen = value['@' .. other]
    if not seen then
      call('HSET', marks, '@' .. other, now)
    elseif seen + ARGV[9] < now then
      call('HDEL', marks, other, '@' .. other)
    end
  end
  call('EXPIRE', marks, ARGV[9])
end

local quiet, total, refusal = tonumber(ARGV[4]), before, nil
local announced, bare = {run, ARGV[5], lastText}, {}
for i = 12, args, 2 do
  local number, text = first + (i - 12) / 2, ARGV[i]
  if number > mark then
    local numberText = number == last and lastText or format('%.0f', number)
    local sum = total + #text + entryCost
    local id = pcall('XADD', stream, '*', 'r', run, 'n', numberText,
      's', number == last and afterText or format('%.0f', sum), 't', text)
    if type(id) == 'table' then
      if total == before then
        call('HSET', marks, run, format('%.0f', mark), 'bytes', format('%.0f', before))
        return id
      end
      refusal, lastText = id, format('%.0f', number - 1)
      announced[3] = lastText
      call('HSET', marks, run, lastText, 'bytes', format('%.0f', total))
      break
    end
    total = sum
    local what = '-'
    if number > quiet then
      what = #text .. ':' .. ARGV[i - 1]
      bare[#bare + 1] = text
    end
    announced[#announced + 1] = numberText .. ' ' .. id .. ' ' .. what
  end
end

-- From here on the lines are in the log: a refusal is told with the answer.
local function attempt(...)
  local answer = pcall(...)
  if type(answer) == 'table' and answer.err then refusal = answer end
  return answer
end
if total > before and (length == 0 or ARGV[10] == '1') then attempt('EXPIRE', stream, ARGV[9]) end
if not known[1] then attempt('EXPIRE', marks, ARGV[9]) end
local cap = tonumber(ARGV[8])
if math.floor(total * 16 / cap) ~= math.floor(before * 16 / cap) then
  -- A sixteenth of the entries at a time, when the log has grown by a
  -- sixteenth of its bytes.
  for _ = 1, 48 do
    local oldest = attempt('XRANGE', stream, '-', '+', 'COUNT', 1)
    if oldest.err or not oldest[1] or total - tonumber(oldest[1][2][6]) <= cap then break end
    local entries = call('XLEN', stream)
    if type(attempt('XTRIM', stream, 'MAXLEN', entries - math.ceil(entries / 16))) == 'table' then break end
  end
end
attempt('PUBLISH', ARGV[6], table.concat(announced, ' '))
for i = 1, #bare do attempt('PUBLISH', ARGV[7], bare[i]) end
if refusal then return {lastText, refusal.err} end
return {lastText}
