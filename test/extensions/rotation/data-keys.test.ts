import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataKeys, type OverlappingTarget, rotate } from '../../../src/extensions/rotation/index.ts';
import { EncryptedFileProvider } from '../../../src/providers/encrypted-file/index.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { documentsBackend, Points } from './stores.ts';

const first = 'a1'.repeat(32); // 32 bytes in hex
const call = { signal: new AbortController().signal };
const context = 'acme/test';
let folder: string;
let files: string[];

const provider = (file: string, key: string) =>
  new EncryptedFileProvider({ path: file, keys: () => key, context });
const read = async (file: string, key: string) => (await provider(file, key).get('a'))?.value;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'data-keys-'));
  files = ['one.json.jwe', 'two.json.jwe'].map((name) => path.join(folder, name));
  for (const file of files) await provider(file, first).set('a', 'fake-value');
});
afterEach(() => rm(folder, { recursive: true }));

/** A world with a rotation, whose store has the key. */
function rotating(target: OverlappingTarget) {
  const clock = manualClock();
  const backend = documentsBackend({ key: first, note: 'kept' }, clock.now);
  const rotation = rotate(backend.open(new Points()), target, {
    lock: { run: (_, step) => step({}) },
    revoke: 'auto',
    overlapMs: 1_000,
    clock,
  });
  return { clock, rotation, key: () => (backend.current() as { key: string }).key };
}

describe('dataKeys', () => {
  it('opens the files with both keys during the overlap, and then with the new one only', async () => {
    let shared = 0;
    const second = {
      rotate: async () => {
        shared++;
      },
    };
    const { rotation, clock, key } = rotating(dataKeys(files, { context, second }));
    expect(await rotation.step({ begin: true })).toBe('overlap');
    expect(key()).not.toBe(first);
    for (const file of files) {
      expect(await read(file, first)).toBe('fake-value');
      expect(await read(file, key())).toBe('fake-value');
    }
    await provider(files[0] as string, first).set('b', 'fake-written');
    expect((await provider(files[0] as string, key()).get('b'))?.value).toBe('fake-written');
    await clock.advance(1_000);
    expect(shared).toBe(0);
    expect(await rotation.step()).toBe('done');
    expect(shared).toBe(1);
    for (const file of files) {
      await expect(read(file, first)).rejects.toMatchObject({ code: 'crypto' });
      expect(await read(file, key())).toBe('fake-value');
    }
  });

  it('lets applications write with the current key while there are two', async () => {
    const { rotation, clock, key } = rotating(dataKeys(files, { context }));
    await rotation.step({ begin: true });
    await clock.advance(1_000);
    await rotation.step();
    const old = key();
    await rotation.step({ begin: true });
    await provider(files[0] as string, old).set('a', 'fake-from-old');
    await provider(files[1] as string, key()).set('a', 'fake-from-new');
    expect(await read(files[0] as string, key())).toBe('fake-from-old');
    expect(await read(files[1] as string, old)).toBe('fake-from-new');
    await clock.advance(1_000);
    expect(await rotation.step()).toBe('done');
    await expect(read(files[1] as string, old)).rejects.toMatchObject({ code: 'crypto' });
  });

  it('the end of a key encrypts the content with a new key', async () => {
    const { rotation, clock } = rotating(dataKeys(files, { context }));
    await rotation.step({ begin: true });
    const ciphertext = async () =>
      (JSON.parse(await readFile(files[0] as string, 'utf8')) as { tag: string }).tag;
    const before = await ciphertext();
    await clock.advance(1_000);
    await rotation.step();
    expect(await ciphertext()).not.toBe(before);
  });

  it('goes on after a death between two files, and while the shared cache is away', async () => {
    let isAway = true;
    const second = { rotate: () => (isAway ? Promise.reject(new Error('fake')) : Promise.resolve()) };
    const target = dataKeys(files, { context, second });
    const next = await target.next({ key: first }, { ...call, rotation: 'r' });
    const only = dataKeys(files.slice(0, 1), { context });
    expect(await only.test({ key: first }, call)).toBe(true);
    await only.set?.(next, call);
    expect(await target.test(next, call)).toBe(false);
    expect(await target.inUse({ key: first }, next, call)).toBe(1);
    expect(await target.test({ key: first }, call)).toBe(true);
    await target.set?.(next, call);
    expect(await target.test(next, call)).toBe(true);
    expect(await target.inUse({ key: first }, next, call)).toBe(0);
    await expect(target.revoke({ key: first }, next, call)).rejects.toThrow('fake');
    expect(await target.isRevoked?.({ key: first }, next, call)).toBe(false);
    isAway = false;
    await only.revoke({ key: first }, next, call);
    await target.revoke({ key: first }, next, call);
    expect(await target.isRevoked?.({ key: first }, next, call)).toBe(true);
    await target.revoke({ key: first }, next, call);
    expect(await read(files[0] as string, next.key as string)).toBe('fake-value');
  });

  it('needs the keys of recipients that are no pair, and takes them', async () => {
    const operator = 'b2'.repeat(32);
    const file = path.join(folder, 'three.json.jwe');
    await new EncryptedFileProvider({ path: file, keys: [() => first, () => operator], context }).set(
      'a',
      'fake',
    );
    const target = dataKeys([file], { context });
    expect(await target.test({ key: first }, call)).toBe(true);
    const next = await target.next({ key: first }, { ...call, rotation: 'r' });
    await target.set?.(next, call);
    await expect(target.revoke({ key: first }, next, call)).rejects.toThrow(
      'cannot be written without the key',
    );
    const knowing = dataKeys([file], { context, keys: () => operator });
    await knowing.revoke({ key: first }, next, call);
    expect(await read(file, operator)).toBe('fake');
    await expect(read(file, first)).rejects.toMatchObject({ code: 'crypto' });
  });

  it('a file that was changed or is missing is an error, not a refused key', async () => {
    const target = dataKeys(files, { context });
    await expect(dataKeys(files).test({ key: first }, call)).rejects.toMatchObject({ code: 'crypto' });
    await rm(files[1] as string);
    await expect(target.test({ key: first }, call)).rejects.toMatchObject({ code: 'io' });
    await expect(target.test({ key: 'fake' }, call)).rejects.toThrow(
      'dataKeys: the key in the store is not a key',
    );
  });

  it('refuses options that make no sense', () => {
    for (const wrong of [undefined, [], [''], 'file'])
      expect(() => dataKeys(wrong as never)).toThrow('the option files must be');
    expect(() => dataKeys(files, { second: {} as never })).toThrow('what shared(…) returns');
  });
});
