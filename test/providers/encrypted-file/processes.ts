import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { expect } from 'vitest';
import { EncryptedFileProvider } from '../../../src/providers/encrypted-file/provider.ts';
import { program } from '../../support/program.ts';

const writer = (): Promise<string> => program(new URL('./writer.ts', import.meta.url));
const fresh = async (...args: string[]): Promise<ChildProcess> =>
  fork(await writer(), args, { execArgv: [] });
const keys = () => Buffer.alloc(32, 1);

/** Two processes write `writes` keys each into one file. No write may be lost. */
export async function interleaved(writes: number): Promise<void> {
  await using box = await sandbox();
  const path = box.path('secrets.json.jwe');
  const both = await Promise.all([fresh(path, 'a', `${writes}`), fresh(path, 'b', `${writes}`)]);
  const codes = await Promise.all(both.map(async (child) => (await once(child, 'exit'))[0]));
  expect(codes).toEqual([0, 0]);
  const [entry] = await new EncryptedFileProvider({ path, keys }).list();
  const sections = Object.values(entry && 'value' in entry ? (entry.value as object) : {});
  expect(sections.flatMap((section: object) => Object.keys(section))).toHaveLength(2 * writes);
  expect(readdirSync(box.directory)).toEqual(['secrets.json.jwe']);
}

/** A process that increments a key is killed `kills` times, at moments spread over a write of some
 *  milliseconds. */
export async function killed(kills: number): Promise<void> {
  await using box = await sandbox();
  const path = box.path('secrets.json.jwe');
  const file = new EncryptedFileProvider({ path, keys });
  await file.set('other.key', 'stays');
  let last = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = await fresh(path, 'counter', '');
    let done = 0; // the writer reports each number that it has written; they only grow
    child.on('message', (message: { done?: number }) => (done = message.done ?? done));
    await once(child, 'message');
    await new Promise((on) => setTimeout(on, (kill * 7) % 23));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const now = Number((await file.get('counter', { maxAgeMs: 0 }))?.value ?? 0);
    expect(now).toBeGreaterThanOrEqual(Math.max(last, done));
    last = now;
    expect((await file.get('other.key'))?.value).toBe('stays');
  }
  await file.set('other.key', 'changed');
  expect(existsSync(`${path}.lock`)).toBe(false);
}
