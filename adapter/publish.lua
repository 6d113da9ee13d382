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
-- ARGV[10] and on: for each line its hash and its text. None: a probe.
--
-- Returns the run's watermark, and the error of what was refused after the
-- lines were appended, if any. An error instead means that no line was.
local stream, marks, run = KEYS[1], KEYS[2], ARGV[1]
local first, quiet, expiry = tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[9])
local count = (#ARGV - 9) / 2
local entryCost = 64 -- bytes of an entry beyond its text, about

-- Lua's own conversion writes large numbers with an exponent.
local function str(n) return string.format('%.0f', n) end

local refusal
local function attempt(...)
  if refusal then return end
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then refusal = answer end
  return answer
end

-- Removes the watermarks of runs that have not probed for long.
local function forget(now)
  local fields, value, runs = redis.call('HGETALL', marks), {}, {}
  for i = 1, #fields, 2 do
    value[fields[i]] = tonumber(fields[i + 1])
    if fields[i] ~= 'bytes' then runs[string.gsub(fields[i], '^@', '')] = true end
  end
  for other in pairs(runs) do
    local seen = value['@' .. other]
    if not seen then
      redis.call('HSET', marks, '@' .. other, now)
    elseif seen + expiry < now then
      redis.call('HDEL', marks, other, '@' .. other)
    end
  end
end

-- Removes a sixteenth of the entries at a time.
local function trim(bytes, cap)
  for _ = 1, 48 do
    local oldest = attempt('XRANGE', stream, '-', '+', 'COUNT', 1)
    if refusal or not oldest[1] or bytes - tonumber(oldest[1][2][6]) <= cap then return end
    local length = redis.call('XLEN', stream)
    attempt('XTRIM', stream, 'MAXLEN', length - math.ceil(length / 16))
  end
end

if redis.call('XLEN', stream) == 0 then
  -- The watermarks speak of lines that are gone. DEL alone would be allowed
  -- over maxmemory, and all that a script does after its first write.
  redis.call('HSET', marks, 'bytes', 0)
  redis.call('DEL', marks)
end
local known = redis.call('HMGET', marks, run, 'bytes')
local mark = tonumber(known[1] or 0)
if count > 0 and first > mark + 1 and ARGV[3] ~= '1' then
  return {str(mark)}
end
local before = tonumber(known[2] or 0)
if not known[2] then
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  before = newest and tonumber(newest[2][6]) or 0
end

local last, after = mark, before
for i = 1, count do
  if first + i - 1 > mark then
    last = first + i - 1
    after = after + #ARGV[9 + 2 * i] + entryCost
  end
end
-- The first write that can be refused: if it fails, nothing is appended.
redis.call('HSET', marks, run, str(last), 'bytes', str(after))
if count == 0 then
  -- A probe also shows whether this user may do what lines need.
  redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)
  local now = tonumber(redis.call('TIME')[1])
  redis.call('HSET', marks, '@' .. run, now)
  forget(now)
end

local bytes, announced, bare = before, {run, ARGV[5], str(last)}, {}
for i = 1, count do
  local number, hash, text = first + i - 1, ARGV[8 + 2 * i], ARGV[9 + 2 * i]
  if number > mark then
    local total = bytes + #text + entryCost
    local id = attempt('XADD', stream, '*', 'r', run, 'n', str(number), 's', str(total), 't', text)
    if refusal then
      if bytes > before then last = number - 1 else last = mark end
      redis.call('HSET', marks, run, str(last), 'bytes', str(bytes))
      if bytes == before then return refusal end
      announced[3] = str(last)
      break
    end
    bytes = total
    announced[#announced + 1] = str(number)
    announced[#announced + 1] = id
    if number > quiet then
      announced[#announced + 1] = str(#text) .. ':' .. hash
      bare[#bare + 1] = text
    else
      announced[#announced + 1] = '-'
    end
  end
end

-- From here on the lines are in the log: a refusal is told with the answer.
refusal = nil
if bytes > before then attempt('EXPIRE', stream, expiry) end
if count == 0 or not known[1] then attempt('EXPIRE', marks, expiry) end
local step = tonumber(ARGV[8]) / 16
if math.floor(bytes / step) ~= math.floor(before / step) then trim(bytes, tonumber(ARGV[8])) end
attempt('PUBLISH', ARGV[6], table.concat(announced, ' '))
for _, text in ipairs(bare) do attempt('PUBLISH', ARGV[7], text) end
if refusal then return {str(last), refusal.err} end
return {str(last)}
