import { closeSync, openSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { type ReadTime, readBytes } from '../../src/local/file.ts';
import { immediate } from '../../src/turns.ts';

/** A file of two lines that a program rewrites in place, line by line. Each line names its version. */
async function rewritten(box: Awaited<ReturnType<typeof sandbox>>) {
  const file = box.path('file');
  const write = (version: number, line: 1 | 2, mtimeMs: number): void => {
    const handle = openSync(file, 'r+');
    writeSync(handle, `${version}\n`, line === 1 ? 0 : 2);
    closeSync(handle);
    utimesSync(file, mtimeMs / 1_000, mtimeMs / 1_000);
  };
  writeFileSync(file, '1\n1\n');
  return { file, write, bornMs: statSync(file).birthtimeMs };
}

const read = async (file: string, time?: ReadTime): Promise<string | undefined> =>
  (await readBytes(file, 'file', 'test', undefined, time))?.content.toString();

describe('a file that is rewritten in place', () => {
  it('is read when it has settled, not in the middle', async () => {
    await using box = await sandbox();
    const { file, write, bornMs } = await rewritten(box);
    let now = bornMs + 60_000;
    write(2, 1, now);
    const pauses: number[] = [];
    const time: ReadTime = {
      now: () => now,
      pause: (ms) =>
        immediate(() => {
          if (pauses.push(ms) === 1) write(2, 2, now + 8);
          now += ms;
        }),
    };
    expect(await read(file, time)).toBe('2\n2\n');
    // the second line came during the first pause
    expect(pauses).toEqual([25, 25]);
  });

  it('is read again when it changed during the read', async () => {
    await using box = await sandbox();
    const { file, write, bornMs } = await rewritten(box);
    let looks = 0;
    // the look comes between the examination of the file and its read
    const now = (): number => {
      if (++looks === 1) write(2, 1, bornMs + 60_000);
      return bornMs + 120_000;
    };
    expect(await read(file, { now, pause: () => immediate(() => undefined) })).toBe('2\n1\n');
    expect(looks).toBe(2);
  });

  it('is unavailable when it never settles', async () => {
    await using box = await sandbox();
    const { file, write, bornMs } = await rewritten(box);
    let now = bornMs + 60_000;
    write(2, 1, now);
    const time: ReadTime = {
      now: () => now,
      pause: (ms) =>
        immediate(() => {
          now += ms;
          write(3, 1, now);
        }),
    };
    await expect(read(file, time)).rejects.toMatchObject({
      code: 'unavailable',
      message:
        'the file file keeps changing while it is read. Write a second file, and rename it over the first',
    });
    expect(now - bornMs - 60_000).toBe(300);
  });

  const never: ReadTime = {
    now: () => Date.now(),
    pause: () =>
      immediate(() => {
        throw new Error('it waited');
      }),
  };

  it('a new file, and one that was renamed over another, are read without a pause', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    expect(await read(box.path('file'), never)).toBe('old');
    await box.replace('file', 'new');
    expect(await read(box.path('file'), never)).toBe('new');
  });

  it('a file from the future is read without a pause', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    utimesSync(box.path('file'), 4_000_000_000, 4_000_000_000);
    expect(await read(box.path('file'), never)).toBe('old');
  });
});
