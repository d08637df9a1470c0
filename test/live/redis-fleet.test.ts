// Twenty and forty processes that share a store over a real Redis, and how often they ask Vault, SSM and the
// key service.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './redis/clients.ts';
import { forked } from './redis/forked.ts';
import type { Loaded, Setup } from './redis/process.ts';
import { admin, live, mounted, unique } from './vault-server.ts';

install();

const where = { single: new URL(live.redis).host };
const base = { kind: 'redis', where, engines: 1, key: randomBytes(32).toString('hex') } as const;
const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));
const closing: (() => unknown)[] = [];
let vault: { readonly address: string; readonly token: string; readonly mount: string };
const ssm = { endpoint: live.aws, path: `/${unique('fleet')}/` };

type Child = Awaited<ReturnType<typeof forked>>;
/** Starts processes, a few at a time, and ends them after the work. */
async function withProcesses<T>(count: number, setup: Setup, work: (all: readonly Child[]) => Promise<T>) {
  const all: Child[] = [];
  try {
    for (let n = count; n > 0; n -= 5)
      all.push(
        ...(await Promise.all(Array.from({ length: Math.min(5, n) }, () => forked('process', setup)))),
      );
    return await work(all);
  } finally {
    for (const { child } of all) child.kill('SIGKILL');
  }
}
const send = <T>(all: readonly Child[], ...words: readonly unknown[]): Promise<T[]> =>
  Promise.all(all.map((one) => one.send<T>(...words)));
interface Counts {
  readonly requests: number;
  readonly wraps: number;
  readonly unwraps: number;
}
async function counted(all: readonly Child[]): Promise<Counts> {
  const counts = await send<Counts>(all, 'counts');
  const sum = (field: keyof Counts): number => counts.reduce((total, one) => total + one[field], 0);
  return { requests: sum('requests'), wraps: sum('wraps'), unwraps: sum('unwraps') };
}

beforeAll(async () => {
  const { mount, unmount } = await mounted('kv', { options: { version: '2' } });
  closing.push(unmount);
  vault = { address: live.address, token: live.token, mount };
  const { PutParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const credentials = { accessKeyId: 'fake', secretAccessKey: 'fake' };
  const client = new SSMClient({ region: 'eu-west-1', endpoint: live.aws, credentials });
  for (let i = 0; i < 100; i++) {
    await admin('POST', `${mount}/data/app/k${i}`, { data: { v: 'one' } });
    const Name = `${ssm.path}k${i}`;
    await client.send(new PutParameterCommand({ Name, Value: 'one', Type: 'SecureString' }));
  }
});
afterAll(async () => {
  for (const close of closing) await close();
});

describe('20 processes', () => {
  // on two cores, Redis may answer later than after 25 ms, and then a process reads on its own
  for (const [name, store] of Object.entries({ Vault: () => ({ vault }), SSM: () => ({ ssm }) }))
    it(`that load 100 keys of ${name} at the same time ask almost as one does`, async () => {
      const alone = await withProcesses(1, { ...base, ...store(), prefix: unique('alone') }, async ([one]) =>
        one!.send<Loaded>('load'),
      );
      expect(alone.sizes).toEqual([100]);
      const results = await withProcesses(20, { ...base, ...store(), prefix: unique('load') }, (all) =>
        send<Loaded>(all, 'load'),
      );
      const sum = (field: 'requests' | 'late'): number =>
        results.reduce((total, one) => total + one[field], 0);
      expect(results.flatMap(({ sizes }) => sizes)).toEqual(Array.from({ length: 20 }, () => 100));
      // a busy machine answers too late to prove more than that fewer ask than without Redis
      const most = sum('late') === 0 ? 1.5 * alone.requests : 19 * alone.requests;
      expect(sum('requests')).toBeLessThanOrEqual(most);
    });
});

describe('20 that watch 5 documents', () => {
  it('make no request for a change that another process has found', async () => {
    const setup = { ...base, vault, prefix: unique('watch'), ttlMs: 3_600_000 };
    const names = ['w0', 'w1', 'w2', 'w3', 'w4'];
    const write = (name: string, v: string) =>
      admin('POST', `${vault.mount}/data/app/${name}`, { data: { v } });
    for (const name of names) await write(name, 'one');
    await withProcesses(4, { ...setup, engines: 5 }, async (watching) => {
      await send(watching, 'watch', names);
      const before = await counted(watching);
      await write('w2', 'two');
      await withProcesses(1, { ...setup, engines: 1 }, async (polling) => {
        await send(
          polling,
          'poll',
          names.map((name) => `${name}.v`),
          0,
        );
        await expect
          .poll(async () => (await send<string[]>(watching, 'values', 'w2')).flat(), { timeout: 10_000 })
          .toEqual(Array.from({ length: 20 }, () => 'two'));
      });
      expect((await counted(watching)).requests - before.requests).toBeLessThanOrEqual(1);
    });
  });
});

describe('40 processes', () => {
  it('unwrap the data key once each in an hour', async () => {
    const { mount, unmount } = await mounted('transit');
    closing.push(unmount);
    await admin('POST', `${mount}/keys/config`, {});
    const transit = { address: live.address, token: live.token, mount };
    const setup = { ...base, engines: 2, vault, transit, key: 'config', prefix: unique('keys') };
    await withProcesses(20, setup, async (all) => {
      await send(all, 'poll', ['k0.v'], 60_000);
      const first = await counted(all);
      for (let i = 0; i < 5; i++) await send(all, 'poll', ['k1.v'], 100);
      const reads = await counted(all);
      expect(reads).toMatchObject({ wraps: first.wraps, unwraps: first.unwraps });
      // the next hour begins with the next key
      await send(all, 'pass', 3_600_000);
      for (let i = 0; i < 10; i++) {
        await send(all, 'poll', ['k2.v'], 60_000);
        await sleep(50);
      }
      const next = await counted(all);
      expect(first.wraps).toBe(1);
      expect(first.unwraps).toBeLessThanOrEqual(40);
      expect(next.wraps - first.wraps).toBe(1);
      expect(next.unwraps - first.unwraps).toBeLessThanOrEqual(40);
    });
  }, 120_000);
});
