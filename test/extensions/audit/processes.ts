import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { AuditLog } from '../../../src/extensions/audit/log.ts';
import { verifyLogs } from '../../../src/extensions/audit/verify.ts';
import { program } from '../../support/program.ts';
import { logs, origin, testKey } from './opened.ts';

const appender = (): Promise<string> => program(new URL('./appender.ts', import.meta.url));

/** A process with 50 writers is killed `kills` times. Each time, every acknowledged entry is still there, and
 *  the log opens again. A third of the times, half a line is added as well. */
export async function killed(kills: number): Promise<void> {
  await using box = await logs();
  const file = await appender();
  for (let kill = 0; kill < kills; kill++) {
    let acknowledged = -1;
    const child = fork(file, [box.directory], { execArgv: [] });
    child.on('message', ({ index }: { index: number }) => (acknowledged = Math.max(acknowledged, index)));
    await once(child, 'message');
    await new Promise((done) => setTimeout(done, (kill * 17) % 120));
    child.kill('SIGKILL');
    await once(child, 'close');
    if (kill % 3 === 1) appendFileSync(box.files().at(-1) as string, '{"id":"half a li');
    const log = await box.open();
    expect(log.size).toBeGreaterThan(acknowledged);
    await log.close();
    expect(await verifyLogs(box.directory, { keys: [log.verifier] })).toMatchObject({ ok: true });
  }
}

/** A disk becomes full `rounds` times under 50 writers: a small file system where this user may mount one,
 *  else a limit of the size of a file. Every acknowledged entry is still there, and the log opens again. */
export async function full(rounds: number): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (let round = 0; round < rounds; round++) {
    await using box = await logs();
    const mount = box.path('disk');
    mkdirSync(mount);
    const isMounted = round % 2 === 0 && mounted(mount, 96 + round * 8);
    const directory = isMounted ? mount : box.directory;
    kinds.push(isMounted ? 'file system' : 'limit');
    try {
      await fill(directory, isMounted ? undefined : 80 + round * 8);
    } finally {
      if (isMounted) execFileSync('umount', ['-l', mount]);
    }
  }
  return kinds;
}

function mounted(at: string, kilobytes: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'none', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // only root may mount
  }
}

async function fill(directory: string, limit: number | undefined): Promise<void> {
  const file = await appender();
  let acknowledged = -1;
  let failed = '';
  const child =
    limit === undefined
      ? fork(file, [directory, 'full'], { execArgv: [] })
      : fork('-c', [`ulimit -f ${limit}; exec "$0" "$@"`, process.execPath, file, directory, 'full'], {
          execPath: '/bin/bash',
          execArgv: [],
        });
  child.on('message', (message: { index?: number; failed?: string }) => {
    acknowledged = Math.max(acknowledged, message.index ?? -1);
    failed = message.failed ?? failed;
  });
  await once(child, 'close');
  expect(failed).toMatch(/disk is full|EFBIG/);
  expect(acknowledged).toBeGreaterThan(10);
  const verification = await verifyLogs(directory, { keys: [`${(await keyOf(directory)).verifier}`] });
  expect(verification).toMatchObject({ ok: true });
  expect(verification.logs[0]?.size).toBeGreaterThan(acknowledged);
}

/** Opens the log again on the disk that is still full. */
async function keyOf(directory: string): Promise<AuditLog> {
  const log = await AuditLog.open({ directory, origin, key: testKey(1), host: 'host', instance: 'one' });
  await log.close();
  expect(path.isAbsolute(directory)).toBe(true);
  return log;
}
