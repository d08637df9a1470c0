import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/index.ts';
import { token, transitKey } from '../../src/providers/vault/index.ts';
import { admin, live, mounted, refusal } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});

const { mount, unmount } = await mounted('transit');
cleaning.push(unmount);
const key = async (name: string) => {
  await admin('POST', `${mount}/keys/${name}`);
  const made = transitKey({
    address: live.tlsAddress,
    tls: { ca: live.ca, minVersion: 'TLSv1.3' },
    auth: token(live.token),
    env: {},
    mount,
    key: name,
  });
  cleaning.push(() => made.close());
  return made;
};

describe('a real Transit engine, over TLS 1.3', () => {
  it('decrypts an encrypted file only with the Transit key that wrapped its content key', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vault-transit-'));
    cleaning.push(() => rm(folder, { recursive: true }));
    const file = path.join(folder, 'secrets.yaml.jwe');
    const writer = new EncryptedFileProvider({ path: file, keys: await key('files'), optional: true });
    await writer.set('database.password', 'fake-in-a-file');
    await writer.close();
    expect(await readFile(file, 'utf8')).not.toContain('fake-in-a-file');
    expect(await readFile(file, 'utf8')).toContain('vault-transit');
    const other = new EncryptedFileProvider({ path: file, keys: await key('files') });
    expect((await other.get('database.password'))?.value).toBe('fake-in-a-file');
    await other.close();
    const wrong = new EncryptedFileProvider({ path: file, keys: await key('others') });
    expect(await refusal(wrong.get('database.password'))).toMatchObject({ transient: false });
    await wrong.close();
  });

  it('rewraps a content key, so the old Transit key version can be retired', async () => {
    const files = await key('rotated');
    const data = new Uint8Array(32).fill(7);
    const old = await files.wrap(data);
    await admin('POST', `${mount}/keys/rotated/rotate`);
    const rewrapped = await files.rewrap(old);
    expect([old, rewrapped].map((one) => one.split(':')[1])).toEqual(['v1', 'v2']);
    await admin('POST', `${mount}/keys/rotated/config`, { min_decryption_version: 2 });
    expect(await files.unwrap(rewrapped)).toEqual(data);
    expect(await refusal(files.unwrap(old))).toMatchObject({
      code: 'crypto',
      hint: expect.stringContaining('min_decryption_version'),
    });
    expect(await refusal(files.unwrap(`${rewrapped.slice(0, -6)}AAAAA=`))).toMatchObject({ code: 'crypto' });
  });
});
