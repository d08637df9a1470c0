// A ledger that processes keep together over Redis, one script for each operation. Made by level.ts for
// `shared.ledger`. An account is a hash of what is spent (`s`) and held (`h`), and a sorted set of the holds
// by their deadlines; only the clock of Redis counts. All accounts of a ledger are on one node of a cluster.

import { randomUUID } from 'node:crypto';
import type { LedgerEntry, LedgerState, SharedLedger } from '../../shelter/shared-ledger.ts';
import type { Commands } from './commands.ts';
import { script } from './connection.ts';
import { hash } from './names.ts';

/** A process is known for so long after its last entry. */
const knownMs = 30_000;
/** How long an entry that was settled is known, so that it counts once if it is sent again. */
const settledMs = 120_000;

const reading = `
local account, holds = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(n) return string.format('%.0f', n) end
local function amountOf(member) return tonumber(string.match(member, '^%d+') or '0') end
local function heldAfter(from)
  local sum = 0
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', holds, from, '+inf')) do
    sum = sum + amountOf(member)
  end
  return sum
end
local books = redis.call('HMGET', account, 's', 'h')
`;

/** A member of the holds is `AMOUNT:ID`, or `s:ID` of a settled entry. If one of the two keys is lost,
 *  what is held comes from the other one. */
const writing = `${reading}
local processes, process, id = KEYS[3], ARGV[1], ARGV[4]
local known, lifeMs, amount = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
redis.call('ZADD', processes, text(now), process)
redis.call('ZREMRANGEBYSCORE', processes, '-inf', text(now - ${knownMs}))
redis.call('PEXPIRE', processes, ${2 * knownMs})
local spent = math.max(tonumber(books[1] or '0'), known)
local held = 0
if redis.call('ZCARD', holds) > 0 then held = tonumber(books[2] or '-1') end
if held < 0 then held = heldAfter('-inf') end
-- a hold past its deadline is given back
for _, member in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', text(now), 'LIMIT', 0, 100)) do
  held = held - amountOf(member)
  redis.call('ZREM', holds, member)
end
local function write()
  held = math.max(0, held)
  redis.call('HSET', account, 's', text(spent), 'h', text(held))
  for _, key in ipairs({ account, holds }) do
    if redis.call('PTTL', key) < lifeMs then redis.call('PEXPIRE', key, text(lifeMs)) end
  end
end
`;

/** KEYS: the account, its holds, the processes. ARGV: process, known, lifeMs, id, amount, limit, holdMs. */
const reserve = script(`${writing}
local granted = 1
local member = ARGV[5]..':'..id
if not redis.call('ZSCORE', holds, member) then
  if spent + held + amount > tonumber(ARGV[6]) then
    granted = 0
  else
    held = held + amount
    redis.call('ZADD', holds, text(now + tonumber(ARGV[7])), member)
  end
end
write()
return { granted, spent, held, redis.call('ZCARD', processes) }`);

/** ARGV: process, known, lifeMs, id, amount, what was held. */
const settle = script(`${writing}
local before = spent
if not redis.call('ZSCORE', holds, 's:'..id) then
  if redis.call('ZREM', holds, ARGV[6]..':'..id) == 1 then held = held - tonumber(ARGV[6]) end
  spent = spent + amount
  redis.call('ZADD', holds, text(now + ${settledMs}), 's:'..id)
end
write()
return { before, spent, held, redis.call('ZCARD', processes) }`);

const spent = script(`${reading}
return { tonumber(books[1] or '0'), heldAfter('('..text(now)) }`);

export class RedisLedger implements SharedLedger {
  readonly #commands: Commands;
  readonly #keyOf: (id: string) => string;
  readonly #tag: string;
  readonly #id = randomUUID();
  #processes = 1;

  /** `keyOf`: makes a key in Redis. */
  constructor(commands: Commands, keyOf: (id: string) => string, name: string) {
    this.#commands = commands;
    this.#keyOf = keyOf;
    this.#tag = `{${hash('ledger', name)}}`;
  }

  get processes(): number {
    return this.#processes;
  }

  async reserve(
    entry: LedgerEntry,
    { limit, holdMs }: { readonly limit: number; readonly holdMs: number },
  ): Promise<LedgerState & { readonly granted: boolean }> {
    const [granted, state] = await this.#write(reserve, entry, [limit, holdMs]);
    return { granted: granted === 1, ...state };
  }

  async settle(entry: LedgerEntry, held: number): Promise<LedgerState & { readonly before: number }> {
    const [before, state] = await this.#write(settle, entry, [held]);
    return { before, ...state };
  }

  async spent(account: string): Promise<LedgerState> {
    const reply = await this.#commands.read(spent, this.#keys(account).slice(0, 2), []);
    const [amount, held] = reply as [number, number];
    return { spent: amount, held };
  }

  async #write(
    which: typeof reserve,
    { account, id, amount, known, lifeMs }: LedgerEntry,
    more: readonly number[],
  ): Promise<readonly [number, LedgerState]> {
    const args = [this.#id, known, lifeMs, id, amount, ...more].map(String);
    const reply = await this.#commands.write(which, this.#keys(account), args);
    const [first, sum, held, processes] = reply as [number, number, number, number];
    this.#processes = Math.max(1, processes);
    return [first, { spent: sum, held }];
  }

  /** A name of an account may name a person, so Redis sees its hash. */
  #keys(account: string): readonly string[] {
    const id = `${this.#tag}:${hash(account)}`;
    return [id, `${id}:holds`, `${this.#tag}:processes`].map(this.#keyOf);
  }
}
