import process from 'node:process';
import { EncryptedFileProvider } from '../../../src/providers/encrypted-file/provider.ts';

// Runs as a separate process: writes its own keys, or increments one key until it is killed.
const [path, name, writes] = process.argv.slice(2) as [string, string, string];
const file = new EncryptedFileProvider({ path, keys: () => Buffer.alloc(32, 1), lockWaitMs: 60_000 });

async function count(): Promise<void> {
  for (let i = Number((await file.get('counter').catch(() => undefined))?.value ?? 0) + 1; ; i++) {
    process.send?.({ began: i });
    await file.set('counter', i);
    process.send?.({ done: i });
  }
}

async function write(): Promise<void> {
  for (let i = 0; i < Number(writes); i++) await file.set(`${name}.k${i}`, `value ${i}`);
}

void (name === 'counter' ? count() : write()).then(() => process.disconnect?.());
