import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foldersOf, type Watch, watch } from '../../src/local/watch.ts';
import { importable } from '../support/program.ts';
import { spied } from '../support/spied.ts';
import { until } from '../support/until.ts';

spied(fs, 'watch');

let box: Sandbox;
const watches: Watch[] = [];

beforeEach(async () => {
  box = await sandbox({ name: 'watch' });
});
afterEach(async () => {
  for (const one of watches.splice(0)) one[Symbol.dispose]();
  vi.mocked(fs.watch).mockReset();
  await box.dispose();
});

/** The content of one file at each check. Polling is off, so only events of the system count. */
async function watched(
  file: string,
  more: { readonly pollMs?: number } = {},
): Promise<{ readonly seen: (string | undefined)[] }> {
  const full = box.path(file);
  const seen: (string | undefined)[] = [];
  const recheck = async (): Promise<void> => {
    seen.push(await fs.promises.readFile(full, 'utf8').catch(() => undefined));
  };
  const one = watch({ folders: () => foldersOf(full), recheck, settleMs: 5, pollMs: 600_000, ...more });
  watches.push(one);
  await one.ready;
  return { seen };
}

const sees = (seen: readonly (string | undefined)[], content: string | undefined): Promise<void> =>
  until(`it sees ${content}`, () => seen.at(-1) === content);

describe('watch', () => {
  it('sees a file that is written in place', async () => {
    await box.write({ 'a.txt': 'one' });
    const { seen } = await watched('a.txt');
    await box.write({ 'a.txt': 'two' });
    await sees(seen, 'two');
    expect(seen[0]).toBe('one');
  });

  it('sees every file that replaces another', async () => {
    await box.write({ 'a.txt': 'one' });
    const { seen } = await watched('a.txt');
    for (const content of ['two', 'three', 'four']) {
      await box.replace('a.txt', content);
      await sees(seen, content);
    }
  });

  it('sees a file removed and created again', async () => {
    await box.write({ 'a.txt': 'one' });
    const { seen } = await watched('a.txt');
    await box.write({ 'a.txt': undefined });
    await sees(seen, undefined);
    await box.write({ 'a.txt': 'two' });
    await sees(seen, 'two');
  });

  it('sees a file whose folders are created later, removed and created again', async () => {
    const { seen } = await watched('x/y/a.txt');
    expect(seen).toEqual([undefined]);
    await box.write({ 'x/y/a.txt': 'one' });
    await sees(seen, 'one');
    await box.write({ x: undefined });
    await sees(seen, undefined);
    await box.write({ 'x/y/a.txt': 'two' });
    await sees(seen, 'two');
  });

  it('sees the swap of a ConfigMap volume', async () => {
    await box.write({ '..1/a.txt': 'one', '..2/a.txt': 'two', '..3/a.txt': 'three' });
    await box.link('..data', '..1');
    await box.link('a.txt', '..data/a.txt');
    const { seen } = await watched('a.txt');
    for (const [folder, content] of [
      ['..2', 'two'],
      ['..3', 'three'],
      ['..1', 'one'],
    ] as const) {
      await box.link('..data', folder);
      await sees(seen, content);
    }
  });

  it('sees changes behind a link to another folder', async () => {
    await box.write({ 'real/a.txt': 'one', 'other/a.txt': 'two' });
    await box.link('linked', 'real');
    const { seen } = await watched('linked/a.txt');
    await box.write({ 'real/a.txt': 'changed' });
    await sees(seen, 'changed');
    await box.link('linked', 'other');
    await sees(seen, 'two');
    await box.write({ 'other/a.txt': 'changed too' });
    await sees(seen, 'changed too');
  });

  it('never misses the last of many changes', async () => {
    await box.write({ 'a.txt': '0', '..1/x': '', '..2/x': '' });
    const { seen } = await watched('a.txt');
    for (let round = 1; round <= 40; round++) {
      const content = `round ${round}`;
      const ways = [
        () => box.write({ 'a.txt': content }),
        () => box.replace('a.txt', content),
        async () => {
          await box.write({ 'a.txt': undefined });
          await box.write({ 'a.txt': content });
        },
        async () => {
          await box.write({ [`..${round % 2}/a.txt`]: content });
          await box.link('a.txt', `..${round % 2}/a.txt`);
        },
      ];
      await ways[round % ways.length]?.();
      if (round % 4 === 3) continue; // a burst of two changes
      await sees(seen, content);
    }
  });

  it('debounces a burst of changes into a few checks', async () => {
    await box.write({ 'a.txt': '0' });
    const { seen } = await watched('a.txt');
    for (let i = 1; i <= 200; i++) fs.writeFileSync(box.path('a.txt'), `${i}`);
    await sees(seen, '200');
    expect(seen.length).toBeLessThan(20);
  });

  it('continues by polling when the system has no watches left', async () => {
    for (const code of ['ENOSPC', 'EMFILE']) {
      await box.write({ 'a.txt': 'one' });
      vi.mocked(fs.watch).mockImplementation(() => {
        throw Object.assign(new Error(code), { code });
      });
      const { seen } = await watched('a.txt', { pollMs: 10 });
      await box.write({ 'a.txt': code });
      await sees(seen, code);
    }
  });

  it('stops watching after ten folders that vanish in a row', async () => {
    vi.mocked(fs.watch).mockImplementation(() => {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    });
    const { seen } = await watched('a.txt');
    await until('it tries again', () => seen.length === 11);
    expect(seen).toHaveLength(11);
  });

  it('watches again after a watcher fails', async () => {
    await box.write({ 'a.txt': 'one' });
    const { seen } = await watched('a.txt');
    const [watcher] = vi.mocked(fs.watch).mock.results.map(({ value }) => value as fs.FSWatcher);
    watcher?.emit('error', new Error('the system changed its mind'));
    await until('it checks again', () => seen.length > 1);
    await box.write({ 'a.txt': 'two' });
    await sees(seen, 'two');
  });

  it('checks again when folders were swapped during the setup', async () => {
    let calls = 0;
    let checks = 0;
    const one = watch({
      folders: () => new Map([[calls++ < 1 ? box.directory : path.dirname(box.directory), undefined]]),
      recheck: async () => void checks++,
      settleMs: 5,
      pollMs: 600_000,
    });
    watches.push(one);
    await until('it settles', () => checks >= 2);
  });

  it('closes all watchers when it is disposed, also during a check', async () => {
    await box.write({ 'a.txt': 'one' });
    let release = (): void => {};
    let checks = 0;
    const one = watch({
      folders: () => foldersOf(box.path('a.txt')),
      recheck: () => {
        checks++;
        return new Promise((resolve) => (release = resolve));
      },
      settleMs: 1,
    });
    const closed = vi
      .mocked(fs.watch)
      .mock.results.map(({ value }) => vi.spyOn(value as fs.FSWatcher, 'close'));
    expect(closed.length).toBeGreaterThan(0);
    one[Symbol.dispose]();
    release();
    await one.ready;
    one[Symbol.dispose]();
    expect(closed.every((close) => close.mock.calls.length > 0)).toBe(true);
    expect(vi.mocked(fs.watch).mock.results).toHaveLength(closed.length);
    expect(checks).toBe(1);
  });

  it('does not keep the process alive', async () => {
    await box.write({ 'a.txt': 'one' });
    const source = await importable(new URL('../../src/local/watch.ts', import.meta.url));
    const file = JSON.stringify(box.path('a.txt'));
    const options = `{ folders: () => foldersOf(${file}), recheck: async () => {} }`;
    const script = `import(${JSON.stringify(source)})
      .then(({ watch, foldersOf }) => watch(${options}).ready)
      .then(() => console.log('ready'))`;
    const { stdout, status } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ stdout, status }).toEqual({ stdout: 'ready\n', status: 0 });
  });
});

describe('foldersOf', () => {
  it('returns the folder of the file and of every link on its path', async () => {
    await box.write({ 'real/deep/a.txt': '' });
    await box.link('one/link', '../real');
    await box.link('two', 'one/link');
    const base = fs.realpathSync(box.directory);
    expect([...foldersOf(path.join(base, 'two/deep/a.txt')).keys()]).toEqual([
      base,
      path.join(base, 'one'),
      path.join(base, 'real/deep'),
    ]);
  });

  it('stops at the first missing folder', async () => {
    const base = fs.realpathSync(box.directory);
    expect([...foldersOf(path.join(base, 'x/y/z')).keys()]).toEqual([base]);
  });

  it('stops at links that form a circle', async () => {
    await box.link('a', 'b');
    await box.link('b', 'a');
    expect(foldersOf(path.join(fs.realpathSync(box.directory), 'a')).size).toBe(1);
  });
});
