-- Appends lines of one run to the log, announces them and publishes them bare.
--
-- KEYS[1]  stream: the log
-- KEYS[2]  hash: run -> number of its last line in the log (its watermark),
--          "@" .. run -> second of its last probe, "bytes" -> bytes in the log
-- ARGV[1]  run
-- ARGV[2]  number of the line before the first one
-- ARGV[3]  number of the last line
-- ARGV[4]  count of lines; "0": a probe
-- ARGV[5]  bytes that the lines add to the log
-- ARGV[6]  "1": the lines before the first one are given up (a new base)
-- ARGV[7]  count of this call, which the node that made it waits to hear
-- ARGV[8]  channel of announcements
-- ARGV[9]  channel of bare lines
-- ARGV[10] most bytes that the log may hold
-- ARGV[11] seconds after which unused keys expire
-- ARGV[12] "1": renew the expiry of the log
-- ARGV[13] and on: for each line its number, its text, and its length and hash
--          or "-" if it has been published bare before and is not again
--
-- Returns the run's watermark, and the error of what was refused after the
-- lines were appended, if any. An error instead means that no line was.
--
-- The usual call has one line that follows the watermark. Its delay counts, so
-- it leaves the arithmetic to the caller: turning numbers into text and back
-- takes Lua longer than some commands take. Lua's own conversion would write
-- large numbers with an exponent, hence the formats.
local call, pcall, argv = redis.call, redis.pcall, ARGV
local stream, marks, run = KEYS[1], KEYS[2], argv[1]
local before, last, size, lines, args = argv[2], argv[3], argv[5], 13, #argv
local entryCost = 64 -- bytes of an entry beyond its text, about

local length = call('XLEN', stream)
if length == 0 then
  -- The watermarks speak of lines that are gone. DEL alone would be allowed
  -- over maxmemory, and all that a script does after its first write.
  call('HSET', marks, 'bytes', 0)
  call('DEL', marks)
end
-- The first write that can be refused: if it fails, nothing is appended.
local mark = call('HINCRBY', marks, run, argv[4])
if lines > args then
  last = string.format('%.0f', mark)
elseif mark ~= tonumber(last) then
  -- The lines do not follow the watermark.
  mark = mark - argv[4]
  before = string.format('%.0f', mark)
  call('HSET', marks, run, before)
  if mark < tonumber(argv[2]) and argv[6] ~= '1' then
    if mark == 0 then call('HDEL', marks, run) end -- a hash without fields is gone
    return {before}
  end
  size = 0
  for i = lines, args, 3 do
    if tonumber(argv[i]) <= mark then
      lines = i + 3
    else
      size = size + #argv[i + 1] + entryCost
    end
  end
  if lines > args then last = before end
  call('HSET', marks, run, last)
end
local bytes = call('HINCRBY', marks, 'bytes', size)

if argv[4] == '0' then
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
    elseif seen + argv[11] < now then
      call('HDEL', marks, other, '@' .. other)
    end
  end
  call('EXPIRE', marks, argv[11])
end

local announced, bare = {run, argv[7], last}, {}
local refusal
for i = lines, args, 3 do
  local number, line, what = argv[i], argv[i + 1], argv[i + 2]
  local id = pcall('XADD', stream, '*', 'r', run, 'n', number, 't', line)
  if type(id) == 'table' then
    for j = i, args, 3 do bytes = bytes - #argv[j + 1] - entryCost end
    last = i == lines and before or argv[i - 3]
    call('HSET', marks, run, last, 'bytes', string.format('%.0f', bytes))
    if i == lines then return id end
    refusal, announced[3] = id, last
    break
  end
  announced[#announced + 1] = number .. ' ' .. id .. ' ' .. what
  if what ~= '-' then bare[#bare + 1] = line end
end

-- From here on the lines are in the log: a refusal is told with the answer.
local function check(answer)
  if type(answer) == 'table' and answer.err then refusal = answer end
  return answer
end
if (length == 0 or argv[12] == '1') and lines < args then check(pcall('EXPIRE', stream, argv[11])) end
if length == 0 or argv[2] == '0' then check(pcall('EXPIRE', marks, argv[11])) end
local cap, unknown = tonumber(argv[10]), length > 0 and bytes == tonumber(size)
if bytes > cap or unknown then
  local function cost(entries)
    local sum = 0
    for _, entry in ipairs(entries) do sum = sum + #entry[2][6] + entryCost end
    return sum
  end
  if unknown then
    bytes = cost(call('XRANGE', stream, '-', '+'))
    call('HSET', marks, 'bytes', string.format('%.0f', bytes))
  end
  while bytes > cap do
    -- So many of the oldest entries that neither does this call take long nor
    -- does each call have to trim.
    local entries = call('XLEN', stream)
    local count = math.ceil(entries * math.min(cap / 16, 131072) / bytes)
    local oldest = check(pcall('XRANGE', stream, '-', '+', 'COUNT', count))
    if oldest.err or #oldest == 0 then break end
    if type(check(pcall('XTRIM', stream, 'MAXLEN', entries - #oldest))) == 'table' then break end
    bytes = call('HINCRBY', marks, 'bytes', -cost(oldest))
  end
end
check(pcall('PUBLISH', argv[8], table.concat(announced, ' ')))
for i = 1, #bare do check(pcall('PUBLISH', argv[9], bare[i])) end
if refusal then return {last, refusal.err} end
return {last}
