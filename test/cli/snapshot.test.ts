import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { remembered } from '../../src/extensions/snapshot/index.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { systemClock } from '../../src/shelter/clock.ts';
import { folder } from '../support/folder.ts';
import { llmConfig } from './terminal.ts';

const values = { db: { host: 'db.internal', password: 'fake-Zq83-not-real' } };

async function snapshot() {
  const box = await folder({ 'snapshot.key': Buffer.alloc(32, 7).toString('hex') });
  const file = box.at('inference.snapshot');
  const key = { LLM_CONFIG_KEY: Buffer.alloc(32, 7).toString('hex') };
  for (const name of ['vault', 'aws']) {
    const provider = new MemoryProvider(name === 'aws' ? { db: { host: 'aws.internal' } } : values, { name });
    // a clock of its own: other tests put back the clock of this process, which makes files older
    const clock = { ...systemClock };
    const store = remembered(provider, { keys: () => key.LLM_CONFIG_KEY, app: 'inference', file, clock });
    await store.list();
    await store.get('nothing');
    await store.close();
  }
  const run = (name: string, ...args: string[]) => llmConfig(['snapshot', name, file, ...args], { env: key });
  return { ...box, file, run };
}

it('snapshot show lists keys and ages without values, and prints one value', async () => {
  await using box = await snapshot();
  const { out } = await box.run('show');
  expect(out).toMatch(/^inference: number \d+, written \d s ago\n/);
  expect(out).toMatch(/vault +db\.password +\[redacted\] +\d s ago/);
  expect(out).toMatch(/vault +nothing +absent/);
  expect(out).toMatch(/vault +\* +listed/);
  expect(out).not.toContain('fake-Zq83');
  expect((await box.run('show', '--json')).out).not.toContain('fake-Zq83');
  expect(await box.run('show', 'db/password')).toMatchObject({ out: values.db.password, code: 0 });
  expect(await box.run('show', 'db.none')).toMatchObject({ code: 1 });
  expect((await box.run('show', 'db.host')).err).toContain('--provider to one of vault, aws');
  expect((await box.run('show', 'db.host', '--provider', 'aws')).out).toBe('aws.internal');
  const ofAws = await box.run('show', '--provider', 'aws');
  expect([ofAws.out.includes('aws  '), ofAws.out.includes('vault')]).toEqual([true, false]);
});

it('snapshot verify fails for another owner, an older file and a changed one', async () => {
  await using box = await snapshot();
  expect(await box.run('verify', '--app', 'inference', '--max-age', '60')).toMatchObject({
    code: 0,
    out: expect.stringContaining('intact: 3 values'),
  });
  expect(await box.run('verify', '--app', 'other')).toMatchObject({ code: 1 });
  expect(await box.run('verify', '--tenant', 'acme')).toMatchObject({ code: 1 });
  expect(await box.run('verify', '--max-age', 'x')).toMatchObject({ code: 2 });
  const text = readFileSync(box.file, 'utf8');
  writeFileSync(box.file, `${text.slice(0, -1)}${text.endsWith('A') ? 'Q' : 'A'}`);
  expect(await box.run('verify')).toMatchObject({ code: 3 });
});

it('snapshot clear removes the file and the one from before', async () => {
  await using box = await snapshot();
  expect(existsSync(`${box.file}.before`)).toBe(true);
  expect(await box.run('clear')).toMatchObject({ code: 0 });
  expect([box.file, `${box.file}.before`].map((file) => existsSync(file))).toEqual([false, false]);
  expect(await box.run('clear')).toMatchObject({ code: 1 });
  expect(await box.run('show')).toMatchObject({ code: 3, err: expect.stringContaining('does not exist') });
});

it('snapshot clear removes only snapshots', async () => {
  await using box = await snapshot();
  for (const name of [`${box.file}.before`, box.file]) {
    writeFileSync(name, 'port: 80\n');
    const { code, err } = await box.run('clear');
    expect([code, err]).toEqual([3, expect.stringContaining(`${name} is not a snapshot`)]);
    expect([box.file, `${box.file}.before`].every((file) => existsSync(file))).toBe(true);
  }
});
