// The scripts that Redis runs, each over the hash of one document. Used by level.ts. Times are microseconds
// of Redis. Lua prints large numbers as 1.8e+15, so they are formatted.

import { script } from './connection.ts';

/** How each script begins. A key that anyone has made of another type is removed. */
const opening = `
local key, v = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function get(...)
  local found = redis.pcall('HMGET', key, ...)
  if not found.err then return found end
  redis.pcall('DEL', key)
  return {}
end
`;

/** `n` is the last ticket that was given out, and contents with a ticket up to the floor `f` are refused. A
 *  view of the document has fields with its name behind the letter: content `c`, its ticket `t`, end `e` and
 *  revision `r`, the lock's ticket `l` and end `u`, and `x`: who waits since before does not wait again. A
 *  document that anyone has destroyed counts as empty. */
const document = (...fields: readonly string[]): string => `
local function text(n) return string.format('%.0f', n) end
local function write(...) local done = redis.pcall(...); return type(done) == 'table' and done.err or nil end
local function live(ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, text(ms)) end
end
local h = get(${["'n'", "'f'", ...fields].join()})
local last, floor = tonumber(h[1]), tonumber(h[2]) or 0
if last and last > now + 3600000000 then redis.pcall('DEL', key); last, floor, h = nil, 0, {} end
`;

/** How long a document without a content is remembered: longer than any request takes. */
const memoryMs = 120_000;

/** Looks for a content first, because a hit must cost little: a call of a command costs as much as the rest
 *  of a script. ARGV: view, maxAgeMs, lockMs, the ticket seen, the ticket of the first ask; the last two may
 *  lack. Returns the ticket of the content and the content, or a new ticket, whether the lock is the
 *  reader's, how long another has it, and what forbids writing. */
export const ask = script(`${opening}
local maxAge, seen = ARGV[2] * 1000, tonumber(ARGV[4] or 0)
if maxAge > 0 then
  local c = get('t'..v, 'e'..v, 'c'..v)
  local kept, ends = tonumber(c[1]), tonumber(c[2])
  if c[3] and kept and ends and now < ends and kept > seen and now - kept <= maxAge then
    return { kept, c[3] }
  end
end
${document("'u'..v", "'x'..v")}
local lockMs, waiting = tonumber(ARGV[3]), tonumber(ARGV[5] or 0)
local ticket = math.max((last or 0) + 1, now)
local fields = { 'n', text(ticket) }
-- what a forgotten document was asked for before it was forgotten is refused
if not last then fields[3] = 'f'; fields[4] = text(ticket - 1) end
local held, mine, wait = tonumber(h[3]) or 0, 0, 0
if lockMs > 0 then
  if held > now then
    if waiting == 0 then waiting = ticket end
    if waiting > (tonumber(h[4]) or 0) then wait = math.ceil((held - now) / 1000) end
  else
    mine = 1
    local lock = { 'l'..v, text(ticket), 'u'..v, text(now + lockMs * 1000) }
    for _, one in ipairs(lock) do table.insert(fields, one) end
  end
end
local refused = write('HSET', key, unpack(fields))
if refused then return { ticket, 0, 0, refused } end
live(${memoryMs})
return { ticket, mine, wait, '' }`);

/** ARGV: view, ticket, content, lifeMs, '1' if the ticket is this document's own, channel, the document in
 *  messages, its revision under the current key and under the previous one, '1' the second time. Returns 1 if
 *  it is kept, and 2 if the content before it has a revision under another key. */
export const keep = script(`${opening}${document()}
local ticket = tonumber(ARGV[2])
local of = get('t'..v, 'r'..v, 'l'..v)
local differs = of[2] and of[2] ~= ARGV[8] and of[2] ~= ARGV[9]
local function under(revision) return string.sub(revision, 1, 11) == string.sub(of[2], 1, 11) end
if differs and ARGV[10] == '' and not under(ARGV[8]) and not under(ARGV[9]) then return 2 end
if of[3] == ARGV[2] then redis.call('HDEL', key, 'l'..v, 'u'..v) end
local own = ARGV[5] == '1'
if own and (not last or last < ticket) then return 0 end
if ticket > math.max(last or 0, now) or ticket <= floor or ticket < (tonumber(of[1]) or 0) then return 0 end
-- a listing's ticket cannot show that nothing was forgotten since: it must be young
if not last and now - ticket > ${memoryMs / 4}000 then return 0 end
for _, field in ipairs(redis.call('HKEYS', key)) do
  local other = string.sub(field, 1, 1) == 'e' and string.sub(field, 2)
  if other and other ~= v and (tonumber(redis.call('HGET', key, field)) or 0) < now then
    redis.call('HDEL', key, field, 'c'..other)
  end
end
redis.call('HSET', key, 'n', text(math.max(last or 0, ticket)), 't'..v, ARGV[2], 'c'..v, ARGV[3],
  'e'..v, text(now + ARGV[4] * 1000), 'r'..v, ARGV[8])
live(ARGV[4] + ${memoryMs})
if differs then redis.call('PUBLISH', ARGV[6], '1 '..ARGV[7]..' '..ARGV[2]) end
return 1`);

/** ARGV: view, ticket. */
export const failed = script(`${opening}${document()}
local of = get('l'..v)
if of[1] == ARGV[2] then
  redis.call('HDEL', key, 'l'..v, 'u'..v)
  redis.call('HSET', key, 'x'..v, text(last or 0))
end
return 1`);

/** ARGV: view (unused), channel, the document in messages. Returns what forbids writing. */
export const invalidate = script(`${opening}${document()}
local ticket = text(math.max((last or 0) + 1, now))
local refused = write('DEL', key) or write('HSET', key, 'n', ticket, 'f', ticket)
if not refused then live(${memoryMs}) end
redis.call('PUBLISH', ARGV[2], '1 '..ARGV[3]..' '..ticket)
return refused or ''`);
