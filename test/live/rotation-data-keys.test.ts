// The key of encrypted files, which also protects a cache over a real Redis, is rotated in a real OpenBao while
// two processes use it. `npm run test:live`.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Shared, shared } from '../../src/extensions/redis/index.ts';
import { dataKeys, kvStore, rotate } from '../../src/extensions/rotation/index.ts';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/index.ts';
import { token, VaultProvider } from '../../src/providers/vault/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { warm } from '../support/warm-level.ts';
import { install, type Kind, kinds } from './redis/clients.ts';
import { live, unique } from './vault-server.ts';

install();
const first = 'a1'.repeat(32); // 32 bytes in hex
const context = 'acme/live';
const name = { store: 's', view: '', kind: 'document', name: 'n' } as const;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The key that OpenBao has now, with a function that reads the file as an application would. */
async function store() {
  const folder = await mkdtemp(path.join(tmpdir(), 'data-keys-'));
  const vault = new VaultProvider({
    address: live.address,
    auth: token(live.token),
    path: `${unique('data-keys')}/`,
  });
  closing.push(
    () => rm(folder, { recursive: true }),
    () => vault.close(),
  );
  await vault.setDocument('config-key', { key: first });
  const current = async (): Promise<string> => {
    const held = await vault.getDocument('config-key', { maxAgeMs: 0 });
    if (!held) throw new Error('the key is missing');
    return (held.value as { readonly key: string }).key;
  };
  const file = path.join(folder, 'secrets.json.jwe');
  const opened = (keys: () => string | Promise<string>) =>
    new EncryptedFileProvider({ path: file, keys, context });
  await opened(() => first).set('a', 'fake-value');
  return { vault, file, current, read: async (key: string) => (await opened(() => key).get('a'))?.value };
}

/** A process that shares over Redis, with the keys of `keys`, and hears of changes. */
async function sharing(kind: Kind, prefix: string, keys: () => string | Promise<string>): Promise<Shared> {
  const client = await kind.connect({ single: new URL(live.redis).host });
  const level = shared(client, { keys, domain: 'live', prefix });
  level.watch(() => undefined);
  closing.push(
    () => kind.close(client),
    () => level.close(),
  );
  return level;
}

async function ask(level: Shared): Promise<string | undefined> {
  const [held] = await level.ask([name], { maxAgeMs: 60_000, lockMs: 0 });
  return held?.content && Buffer.from(held.content).toString();
}

async function keep(level: Shared, content: string): Promise<void> {
  const [{ ticket } = { ticket: 1 }] = await level.ask([name], { maxAgeMs: 0, lockMs: 0 });
  const kept = { ...name, ticket, content: Buffer.from(content), lifeMs: 60_000, revision: content };
  expect(await level.keep([kept])).toEqual([true]);
}

describe.each(kinds)('a key of files and of a cache over $name', (kind) => {
  it('is rotated, and the cache begins with a data key that only the new one opens', async () => {
    const { vault, file, current, read } = await store();
    const prefix = `test-${randomBytes(6).toString('hex')}`;
    const [one, two] = [await sharing(kind, prefix, current), await sharing(kind, prefix, current)];
    for (const level of [one, two]) await warm(level);
    await keep(one, 'fake-before');
    expect(await ask(two)).toBe('fake-before');

    const clock = manualClock(Date.now());
    const rotation = rotate(kvStore(vault, 'config-key'), dataKeys([file], { context, second: one }), {
      lock: { run: (_, step) => step({}) },
      revoke: 'auto',
      overlapMs: 1_000,
      clock,
    });
    expect(await rotation.step({ begin: true })).toBe('overlap');
    const second = await current();
    expect(second).not.toBe(first);
    for (const key of [first, second]) expect(await read(key)).toBe('fake-value');
    expect(await ask(two)).toBe('fake-before');

    await clock.advance(1_000);
    expect(await rotation.step()).toBe('done');
    await expect(read(first)).rejects.toMatchObject({ code: 'crypto' });
    expect(await read(second)).toBe('fake-value');
    // what the old data key encrypted is gone for all
    await expect.poll(() => ask(two)).toBeUndefined();
    await warm(two);
    await keep(one, 'fake-after');
    expect(await ask(two)).toBe('fake-after');
    const late = await sharing(kind, prefix, current);
    await warm(late);
    expect(await ask(late)).toBe('fake-after');
    const thief = await sharing(kind, prefix, () => first);
    for (let i = 0; i < 10; i++) {
      expect(await ask(thief)).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});
