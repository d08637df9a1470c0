// The data keys of a domain: the current one and the one before. Used by level.ts. They lie in Redis, each
// wrapped by the application's key, and a process unwraps each once. A key says when it was made, inside, so
// that one which was put back is of no use for long.

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { FileKey } from '../../sealing/file-key.ts';
import type { KeySources } from '../../sealing/key-sources.ts';
import { type Clock, later } from '../../shelter/clock.ts';
import type { Commands } from './commands.ts';
import { script } from './connection.ts';
import { DataKey } from './envelope.ts';

const hourMs = 3_600_000;
/** Keys are of use for twice as long as they are current. */
const maxAgeMs = 2 * hourMs;
const skewMs = 300_000;
/** How often the keys are looked up again. */
const lookMs = 60_000;
const maxRingBytes = 16_384;
const maxUnwraps = 10;
const timeBytes = 6;
/** How long readers wait for a key, while another reader has asked the store or a content is there. */
const patienceMs = 1_000;
const longestLookMs = 10_000;
/** The pauses between attempts to get a key. */
const minPauseMs = 20;
const maxPauseMs = 30_000;

/** KEYS: the domain's keys. ARGV: the name of a process that would make a key, or an empty text, and the
 *  wrapped keys that it knows: another may have made one since. Returns the wrapped keys, and whether the
 *  process is to make one. */
const look = script(`
local ring = redis.pcall('HGET', KEYS[1], 'keys')
if type(ring) == 'table' and ring.err then redis.pcall('DEL', KEYS[1]); ring = false end
if ARGV[1] == '' or (ring or '') ~= ARGV[2] then return { ring or '', 0 } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if (tonumber(redis.call('HGET', KEYS[1], 'until')) or 0) > now then return { ring or '', 0 } end
local done = redis.pcall('HSET', KEYS[1], 'maker', ARGV[1], 'until', string.format('%.0f', now + 10000))
if type(done) == 'table' and done.err then return { ring or '', 0 } end
redis.call('PEXPIRE', KEYS[1], ${3 * hourMs})
return { ring or '', 1 }`);

/** ARGV: the maker, the wrapped keys, the channel and the domain's id in messages, or an empty text. */
const put = script(`
if redis.call('HGET', KEYS[1], 'maker') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'maker', 'until')
redis.call('HSET', KEYS[1], 'keys', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ${3 * hourMs})
if ARGV[4] ~= '' then
  local time = redis.call('TIME')
  redis.call('PUBLISH', ARGV[3], '1 '..ARGV[4]..' '..string.format('%.0f', time[1] * 1000000 + time[2]))
end
return 1`);

/** KEYS: the domain's keys. ARGV: a process that makes a key whatever another does. */
const seize = script(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'maker', ARGV[1], 'until', '9e15')
redis.call('PEXPIRE', KEYS[1], 10000)
return 1`);

interface Opened {
  readonly id: Buffer;
  readonly madeAt: number;
  readonly key: DataKey;
}

export interface DataKeysParts {
  readonly commands: Commands;
  readonly sources: KeySources;
  readonly redisKey: string;
  readonly channel: string;
  /** The domain in messages about its keys. */
  readonly id: string;
  readonly notice: (message: string) => void;
  readonly clock: Clock;
}

export class DataKeys {
  readonly #parts: DataKeysParts;
  readonly #maker = randomUUID();
  /** The newest first. */
  #ring: readonly string[] = [];
  readonly #opened = new Map<string, Opened>();
  /** Wrapped keys that do not open. */
  readonly #refused = new Set<string>();
  #unwraps: number[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  #retryAt = 0;
  #pauseMs = minPauseMs;
  #pending: Promise<void> | undefined;
  /** Since when a key is missing. */
  #lackingSince: number | undefined;

  constructor(parts: DataKeysParts) {
    this.#parts = parts;
  }

  /** The keys for contents that are kept now: the current one, and the one before if this process has it. */
  get usable(): readonly DataKey[] {
    return this.#ring.map((wrapped) => this.#usable(wrapped)).filter((key) => key !== undefined);
  }

  /** The key that a content names. 'pending': it is looked up. */
  named(id: Buffer): DataKey | 'pending' | undefined {
    const now = this.#parts.clock.now();
    const own = this.#ring.find((one) => this.#opened.get(one)?.id.equals(id));
    const key = own && this.#usable(own);
    if (key) return key;
    const wrapped = own ?? this.#ring.find((one) => idOf(one).equals(id));
    if (wrapped && (this.#refused.has(wrapped) || this.#opened.has(wrapped))) return undefined;
    // a key that was made since is looked up at most once a second
    if (wrapped || now >= this.#retryAt) this.#start(id);
    return this.isExpected ? 'pending' : undefined;
  }

  /** Looks the keys up when it is time. */
  refresh(): void {
    const now = this.#parts.clock.now();
    const current = this.#opened.get(this.#ring[0] ?? '');
    const isDue = !current || now - current.madeAt >= hourMs || now - this.#lookedAt >= lookMs;
    if (isDue && now >= this.#retryAt) this.#start();
  }

  /** Whether a key that is missing comes soon. */
  get isExpected(): boolean {
    return this.#lackingSince !== undefined && this.#parts.clock.now() - this.#lackingSince < patienceMs;
  }

  /** Resolves when what is looked up now is known, or when it takes too long. */
  async settled(): Promise<void> {
    const { clock } = this.#parts;
    do {
      await (this.#pending ?? new Promise<void>((done) => later(clock, minPauseMs, done)));
      this.refresh();
    } while (this.isExpected);
  }

  /** Others have rotated the keys. */
  changed(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#retryAt = 0;
    this.#start();
  }

  /** Begins with a new key, and drops the others. Rejects if a server or key service does not answer. */
  rotate(): Promise<void> {
    return inTime(this.#rotate(), this.#parts.clock);
  }

  async #rotate(): Promise<void> {
    const { commands, redisKey } = this.#parts;
    await this.#pending;
    await commands.write(seize, [redisKey], [this.#maker]);
    this.#ring = [];
    if (!(await this.#make([]))) throw new Error('another process rotated the keys at the same time');
  }

  #usable(wrapped: string): DataKey | undefined {
    const known = this.#opened.get(wrapped);
    const age = known ? this.#parts.clock.now() - known.madeAt : Number.NaN;
    return age < maxAgeMs && age > -skewMs ? known?.key : undefined;
  }

  /** `also`: a key that is needed besides the current one. */
  #start(also?: Buffer): void {
    if (this.#pending) return;
    if (also || this.usable.length === 0) this.#lackingSince ??= this.#parts.clock.now();
    this.#pending = inTime(this.#look(also), this.#parts.clock)
      .then(() => {
        this.#pauseMs = minPauseMs;
        this.#lackingSince = undefined;
      })
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#pending = undefined;
      });
  }

  #failed(error: unknown): void {
    const { clock, notice, commands } = this.#parts;
    this.#retryAt = clock.now() + this.#pauseMs;
    this.#pauseMs = Math.min(maxPauseMs, 2 * this.#pauseMs);
    if (commands.isReady() && !(error instanceof Busy))
      notice('redis: the data key cannot be wrapped or unwrapped, so contents are not shared');
  }

  async #look(also: Buffer | undefined): Promise<void> {
    const { clock, commands, redisKey } = this.#parts;
    if (!commands.isReady()) throw new Busy();
    const text = await this.#read();
    const ring = ringFrom(text);
    const now = clock.now();
    this.#lookedAt = now;
    this.#retryAt = now + 1_000;
    const [newest] = ring;
    const current = newest === undefined ? undefined : await this.#open(newest);
    // it may be the key of others, who need it
    if (newest !== undefined && !current) throw new Error('the newest key does not open');
    const age = current ? now - current.madeAt : hourMs;
    if (age >= hourMs || age <= -skewMs) {
      const [, mine] = (await commands.write(look, [redisKey], [this.#maker, text])) as [unknown, number];
      if (mine === 1) {
        await this.#make(ring.slice(0, 1));
        return;
      }
      // another process makes it
      if (!current) throw new Busy();
    }
    this.#ring = ring;
    const other = also && ring.find((one) => idOf(one).equals(also));
    if (other) await this.#open(other);
    for (const wrapped of this.#opened.keys()) if (!ring.includes(wrapped)) this.#opened.delete(wrapped);
  }

  async #read(): Promise<Buffer> {
    const { commands, redisKey } = this.#parts;
    const [ring] = (await commands.read(look, [redisKey], ['', ''])) as [Buffer];
    return ring;
  }

  /** False: another process is the maker by now. */
  async #make(previous: readonly string[]): Promise<boolean> {
    const { clock, commands, redisKey, channel, id } = this.#parts;
    const bytes = randomBytes(32);
    bytes.writeUIntBE(clock.now(), 0, timeBytes);
    const key = await this.#wrapping();
    const { header, encryptedKey } = await key.wrap(bytes);
    const wrapped = JSON.stringify([header, encryptedKey.toString('base64url')]);
    const ring = [wrapped, ...previous];
    const isRotation = previous.length === 0 ? id : '';
    const args = [this.#maker, JSON.stringify(ring), channel, isRotation];
    if ((await commands.write(put, [redisKey], args)) !== 1) return false;
    this.#ring = ring;
    this.#lookedAt = clock.now();
    this.#opened.set(wrapped, opened(wrapped, bytes));
    for (const one of this.#opened.keys()) if (!ring.includes(one)) this.#opened.delete(one);
    return true;
  }

  async #wrapping(): Promise<FileKey> {
    const { keys } = await this.#parts.sources.find();
    const key = keys.find(({ opens }) => opens);
    if (!key) throw new Error('no key');
    return key;
  }

  async #open(wrapped: string): Promise<Opened | undefined> {
    const known = this.#opened.get(wrapped);
    if (known || this.#refused.has(wrapped)) return known;
    const now = this.#parts.clock.now();
    this.#unwraps = this.#unwraps.filter((at) => now - at < 60_000);
    // who writes to Redis must not be able to buy requests to a key service
    if (this.#unwraps.push(now) > maxUnwraps) throw new Busy();
    const [header, encrypted] = JSON.parse(wrapped) as [Parameters<FileKey['unwrap']>[1], string];
    const { keys } = await this.#parts.sources.find();
    for (const key of keys) {
      if (!key.opens || key.algorithm !== header.alg) continue;
      const bytes = await key.unwrap(Buffer.from(encrypted, 'base64url'), header, 'redis: a data key');
      if (bytes?.length !== 32) continue;
      const found = opened(wrapped, bytes);
      this.#opened.set(wrapped, found);
      return found;
    }
    this.#refused.add(wrapped);
    return undefined;
  }
}

/** Keys cannot be looked up now, which says nothing about them. */
class Busy extends Error {}

/** A key service may never answer. */
function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = later(clock, longestLookMs, () => reject(new Error('no answer')));
    void work.then(resolve, reject).finally(cancel);
  });
}

const idOf = (wrapped: string): Buffer => createHash('sha256').update(wrapped).digest().subarray(0, 8);

const opened = (wrapped: string, bytes: Buffer): Opened => {
  const id = idOf(wrapped);
  return { id, madeAt: bytes.readUIntBE(0, timeBytes), key: new DataKey(id, bytes) };
};

/** The wrapped keys. Anything else counts as none. */
function ringFrom(text: Buffer): readonly string[] {
  if (text.length === 0 || text.length > maxRingBytes) return [];
  try {
    const ring = JSON.parse(text.toString()) as unknown;
    const isRing = Array.isArray(ring) && ring.every((one) => typeof one === 'string');
    return isRing ? (ring as string[]).slice(0, 2) : [];
  } catch {
    return [];
  }
}
