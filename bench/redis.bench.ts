// What sharing over Redis costs and saves: a hit beside a plain GET, an invalidation, the hit ratio of many
// processes, and a shared pace beside rate-limiter-flexible. Starts a server of its own.
import { spawn, spawnSync } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Shared, shared } from 'llm-config-manager/redis';
import { sheltered } from 'llm-config-manager/shelter';
import { compare, peer } from './compare.ts';
import { fastStore } from './fast-store.ts';
import { checking, type Goal, report } from './report.ts';

if (spawnSync('redis-server', ['--version']).status !== 0) {
  console.error('redis: nothing is measured, because redis-server is not installed');
  process.exit();
}
// biome-ignore lint/suspicious/noExplicitAny: a client of Redis
type Client = any;
interface Limiter {
  consume(key: string): Promise<unknown>;
}
const { createClient } = await peer<{ createClient(options: object): Client }>('redis');
const { RateLimiterRedis } = await peer<{ RateLimiterRedis: new (options: object) => Limiter }>(
  'rate-limiter-flexible',
);
const port = 27_600;
const server = spawn('redis-server', ['--port', `${port}`, '--save', '', '--appendonly', 'no'], {
  stdio: 'ignore',
});
const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));
const key = randomBytes(32);
const closing: (() => unknown)[] = [() => server.kill()];
async function connected() {
  const url = `redis://127.0.0.1:${port}`;
  const client = createClient({ url, socket: { reconnectStrategy: () => 50 } });
  client.on('error', () => {});
  await client.connect();
  closing.push(() => client.destroy());
  return client;
}
async function sharing(): Promise<Shared> {
  const level = shared(await connected(), { keys: () => key, domain: 'bench', prefix: 'bench' });
  const warm = { store: 'warm', view: '', kind: 'document', name: 'warm' } as const;
  for (let kept = false; !kept; await sleep(5)) {
    const [{ ticket } = { ticket: 1 }] = await level.ask([warm], { maxAgeMs: 0, lockMs: 0 });
    const content = { ...warm, ticket, content: Buffer.from('x'), lifeMs: 60_000, revision: 'x' };
    kept = (await level.keep([content]))[0] === true;
  }
  closing.push(() => level.close());
  return level;
}

/** The middle of the sorted values, in nanoseconds. */
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number;
async function timed(work: (i: number) => Promise<unknown>, rounds: number): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const startedAt = performance.now();
    await work(i);
    took.push(1e6 * (performance.now() - startedAt));
  }
  return median(took);
}

const client = await connected();
const level = await sharing();
const name = { store: 's', view: '', kind: 'document', name: 'n' } as const;
const [{ ticket } = { ticket: 1 }] = await level.ask([name], { maxAgeMs: 0, lockMs: 0 });
const content = randomBytes(500);
await level.keep([{ ...name, ticket, content, lifeMs: 600_000, revision: '1' }]);
await client.set('plain', content);
const plain = () => client.get('plain');
/** What no cache can do without that compares ages by the clock of Redis and encrypts. */
const script = await client.scriptLoad(`local found = redis.call('HMGET', KEYS[1], 'c', 't')
local time = redis.call('TIME')
if time[1] * 1000000 + time[2] - found[2] <= ARGV[1] * 1000 then return found end`);
const iv = randomBytes(12);
const aad = randomBytes(100);
const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
await client.hSet('hash', {
  c: Buffer.concat([cipher.update(content), cipher.final()]),
  t: Date.now() * 1000,
});
const tag = cipher.getAuthTag();
const binary = client.withTypeMapping({ 36: Buffer });
const bare = () => binary.evalSha(script, { keys: ['hash'], arguments: ['600000'] });
async function byHand() {
  const [sealed] = await bare();
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
    .setAAD(aad)
    .setAuthTag(tag);
  const opened = decipher.update(sealed);
  decipher.final();
  return opened;
}
const hit = () => level.ask([name], { maxAgeMs: 60_000, lockMs: 0 });
const names = Array.from({ length: 100 }, () => name);
const many = () => level.ask(names, { maxAgeMs: 60_000, lockMs: 0 });
const manyPlain = () => Promise.all(names.map(plain));
const goals: Goal[] = [
  { of: 'a hit', against: 'GET', atMost: 1.3 },
  { of: 'a hit', against: 'the same, decrypted', atMost: 1.2 },
];
await compare(
  'redis: a hit of 500 bytes',
  { GET: plain, 'a script that compares ages': bare, 'the same, decrypted': byHand, 'a hit': hit },
  { clock: 'wall', timeMs: 3_000, goals },
);
await compare(
  'redis: 100 hits at once',
  { '100 times GET': manyPlain, '100 hits': many },
  { clock: 'wall', timeMs: 3_000 },
);

const other = await sharing();
let heard = () => {};
other.watch(() => heard());
await sleep(300);
const invalidated: number[] = [];
await timed(async (i) => {
  const one = { store: 's', kind: 'document' as const, name: `n${i}` };
  await other.ask([{ ...one, view: '' }], { maxAgeMs: 0, lockMs: 0 });
  const startedAt = performance.now();
  const arrives = new Promise<number>((done) => {
    heard = () => done(performance.now() - startedAt);
  });
  void level.invalidate([one]);
  invalidated.push(1e6 * (await arrives));
}, 500);
report(
  'redis: a write of one process reaches another',
  [{ name: 'invalidation', value: median(invalidated), unit: 'ns' }],
  [{ of: 'invalidation', atMost: 2e6 }],
);

const levels = await Promise.all(Array.from({ length: 10 }, sharing));
let seed = 1;
/** A number below `n`, the low ones far more often. The same in every run. */
function zipf(n: number): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return Math.floor(n ** (seed / 2_147_483_648)) - 1;
}
const values = new Map(Array.from({ length: 1_000 }, (_, i) => [`key${i}`, `value-${i}`]));
const store = Object.assign(fastStore(values, 1, 1), { identity: () => ({ store: 'zipf', view: '' }) });
const engines = Array.from({ length: 100 }, (_, i) => sheltered(store, { second: levels[i % 10] as Shared }));
await Promise.all(
  engines.map(async (engine) => {
    for (let i = 0; i < 1_000; i++) await engine.get(`key${zipf(1_000)}`);
  }),
);
const counts = engines.map((engine) => engine.stats());
const sum = (of: (one: (typeof counts)[number]) => number): number =>
  counts.reduce((all, one) => all + of(one), 0);
const asked = sum((one) => (one.second?.hits ?? 0) + one.requests);
report(
  'redis: 100 processes read 100,000 times, 1,000 keys by Zipf',
  [
    { name: 'read from memory', value: 100 - asked / 1_000, unit: '%' },
    {
      name: 'of the others, read from Redis',
      value: (100 * sum((one) => one.second?.hits ?? 0)) / asked,
      unit: '%',
      requests: store.requests,
    },
  ],
  [{ of: 'of the others, read from Redis', atLeast: 95 }],
);

/** The most starts within a tenth of a second, and within a second, of ten processes. */
async function worstOf(each: (i: number) => () => Promise<unknown>): Promise<readonly [number, number]> {
  const starts: number[] = [];
  const endsAt = performance.now() + (checking ? 2_500 : 5_000);
  await Promise.all(
    levels.flatMap((_, i) => {
      const turn = each(i);
      return Array.from({ length: 5 }, async () => {
        while (performance.now() < endsAt) {
          await turn();
          starts.push(performance.now());
        }
      });
    }),
  );
  starts.sort((a, b) => a - b);
  const within = (ms: number): number => {
    let most = 0;
    for (let i = 0, first = 0; i < starts.length; i++) {
      while ((starts[i] as number) - (starts[first] as number) >= ms) first++;
      most = Math.max(most, i - first + 1);
    }
    return most;
  };
  return [within(100), within(1_000)];
}
let n = 0;
const own = await worstOf((i) => {
  const second = levels[i] as Shared;
  const paced = sheltered(fastStore(new Map()), {
    cache: false,
    limits: { concurrency: 16, perSecond: 200, shared: second.pace('bench') },
  });
  return () => paced.get(`p${n++}`);
});
const flexible = await worstOf(() => {
  const limiter = new RateLimiterRedis({
    storeClient: client,
    useRedisPackage: true,
    points: 200,
    duration: 1,
  });
  return async () => {
    for (;;) {
      const refused = await limiter.consume('bench').then(
        () => undefined,
        (reason: { msBeforeNext: number }) => reason,
      );
      if (!refused) return;
      await sleep(refused.msBeforeNext);
    }
  };
});
for (const [i, title] of ['any tenth of a second', 'any second'].entries())
  report(
    `redis: most requests in ${title}, of ten at 200 a second together`,
    [
      { name: 'a shared pace', value: own[i] as number, unit: 'requests' },
      { name: 'rate-limiter-flexible', value: flexible[i] as number, unit: 'requests' },
    ],
    i === 1 ? [{ of: 'a shared pace', atMost: 215 }] : [],
  );
for (const close of closing.reverse()) await close();
process.exit();
