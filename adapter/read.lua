-- Reads a page of the log.
--
-- KEYS[1]  stream: the log
-- KEYS[2]  hash: watermarks, as in publish.lua
-- ARGV[1]  id of the first entry, "-" for the oldest, "$" for the newest alone
-- ARGV[2]  most entries to return
--
-- Returns the entries and, with the page that reaches the end of the log, the
-- fields and values of the hash. Watermarks without a log count as none.
local stream, marks = KEYS[1], KEYS[2]
local page
if ARGV[1] == '$' then
  page = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
else
  page = redis.call('XRANGE', stream, ARGV[1], '+', 'COUNT', ARGV[2])
  if #page == tonumber(ARGV[2]) then return {page} end
end
if redis.call('XLEN', stream) == 0 then return {page, {}} end
return {page, redis.call('HGETALL', marks)}
