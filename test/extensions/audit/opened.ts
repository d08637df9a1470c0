import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sandbox } from 'llm-config-manager/testing';
import type { AuditEntry, AuditFields } from '../../../src/extensions/audit/entry.ts';
import { AuditLog } from '../../../src/extensions/audit/log.ts';
import type { AuditLogOptions } from '../../../src/extensions/audit/log-options.ts';

/** An Ed25519 key from a seed of one repeated byte: for tests only. */
export const testKey = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  });

export const origin = 'acme.example/app';

/** A directory of logs, removed at the end of the scope. */
export async function logs() {
  const box = await sandbox({ name: 'audit' });
  const directory = box.path('audit');
  const folderOf = (instance: string): string => path.join(directory, 'host', instance);
  const files = (instance = 'one'): string[] =>
    readdirSync(folderOf(instance))
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => path.join(folderOf(instance), name));
  const linesOf = (instance = 'one'): string[] =>
    files(instance).flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1));
  return {
    directory,
    path: box.path,
    folderOf,
    files,
    linesOf,
    open: (options: Partial<AuditLogOptions> = {}): Promise<AuditLog> =>
      AuditLog.open({ directory, origin, key: testKey(1), host: 'host', instance: 'one', ...options }),
    entries: (instance = 'one'): AuditEntry[] =>
      linesOf(instance)
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as AuditEntry),
    [Symbol.asyncDispose]: () => box.dispose(),
  };
}

/** An entry of an access. */
export const access = (number: number): AuditFields => ({
  type: 'secret.accessed',
  actor: 'svc:inference',
  action: 'get',
  key: `acme.inference.k${number}`,
  provider: 'vault',
  version: '7',
});

/** Appends so many entries at once: one or two batches. */
export const append = (log: AuditLog, count: number, from = 0): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, i) => log.append(access(from + i))));
