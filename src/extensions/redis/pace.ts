// A pace that processes keep together over Redis: GCRA, as reservations. Made by shared.ts for the option
// `limits.shared`. One number is the time at which the next turn is; only the clock of Redis counts. A
// process is known for half a minute after it has taken turns.

import { randomUUID } from 'node:crypto';
import type { SharedPace } from '../../shelter/shared-pace.ts';
import type { Commands } from './commands.ts';
import { script } from './connection.ts';

/** Turns further ahead than any deadline are not given out. */
const furthestMs = 30_000;
const knownMs = 30_000;

/** KEYS: the time of the next turn, the processes. ARGV: the turns, microseconds for each, the process.
 *  Returns the turns, the microseconds until they start, and the number of processes. */
const take = script(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local turns, every = tonumber(ARGV[1]), tonumber(ARGV[2])
local function number(n) return string.format('%.0f', n) end
redis.call('ZADD', KEYS[2], number(now), ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', number(now - ${knownMs}000))
redis.call('PEXPIRE', KEYS[2], ${2 * knownMs})
local processes = redis.call('ZCARD', KEYS[2])
local next = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') or 0, now)
local wait = next - now
if wait > ${furthestMs}000 then return { 0, number(wait), processes } end
next = next + turns * every
redis.call('SET', KEYS[1], number(next), 'PX', number(math.ceil((next - now) / 1000) + 1000))
return { turns, number(wait), processes }`);

export class RedisPace implements SharedPace {
  readonly #commands: Commands;
  readonly #keys: readonly [string, string];
  readonly #id = randomUUID();
  #processes: number;

  /** `keys`: of the pace and of its processes, on one node of a cluster. `processes`: how many there are,
   *  until Redis has answered. */
  constructor(commands: Commands, keys: readonly [string, string], processes: number) {
    this.#commands = commands;
    this.#keys = keys;
    this.#processes = processes;
  }

  get processes(): number {
    return this.#processes;
  }

  async take(turns: number, perSecond: number): Promise<{ readonly turns: number; readonly waitMs: number }> {
    const args = [String(turns), String(1e6 / perSecond), this.#id];
    const reply = await this.#commands.write(take, this.#keys, args);
    const [given, wait, processes] = reply as [number, Buffer, number];
    this.#processes = Math.max(1, processes);
    return { turns: given, waitMs: Number(wait) / 1_000 };
  }
}
