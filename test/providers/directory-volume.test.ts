import fs from 'node:fs/promises';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isUnreadable } from '../../src/entry.ts';
import { DirectoryProvider } from '../../src/providers/directory.ts';
import { spied } from '../support/spied.ts';
import { until } from '../support/until.ts';

const { open } = spied(fs, 'open');

let box: Sandbox;
beforeEach(async () => {
  box = await sandbox({ name: 'volume' });
});
afterEach(async () => {
  vi.mocked(fs.open).mockReset();
  await box.dispose();
});

const listed = async (provider: DirectoryProvider): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    (await provider.list()).map((item) => [item.key, isUnreadable(item) ? item.error.message : item.value]),
  );

describe('DirectoryProvider over a volume that changes', () => {
  it('reads one generation of a mounted volume, never half of two', async () => {
    await box.write({ 'mount/..1/a': '1', 'mount/..1/b': '1', 'mount/..2/a': '2', 'mount/..2/b': '2' });
    await box.link('mount/..data', '..1');
    for (const file of ['a', 'b']) await box.link(`mount/${file}`, `..data/${file}`);
    const provider = new DirectoryProvider(box.path('mount'));
    vi.mocked(fs.open).mockImplementationOnce(async (...args) => {
      const handle = await open(...args);
      await box.link('mount/..data', '..2'); // swap after the first file is opened
      return handle;
    });
    expect(await listed(provider)).toEqual({ a: '2', b: '2' });
  });

  it('reads one generation of each volume mounted in a subfolder', async () => {
    for (const volume of ['x', 'y']) {
      for (const n of [1, 2])
        await box.write({ [`mount/${volume}/..${n}/a`]: `${n}`, [`mount/${volume}/..${n}/b`]: `${n}` });
      await box.link(`mount/${volume}/..data`, '..1');
      for (const file of ['a', 'b']) await box.link(`mount/${volume}/${file}`, `..data/${file}`);
    }
    vi.mocked(fs.open).mockImplementationOnce(async (...args) => {
      const handle = await open(...args);
      await box.link('mount/x/..data', '..2');
      return handle;
    });
    expect(await listed(new DirectoryProvider(box.path('mount')))).toEqual({
      'x.a': '2',
      'x.b': '2',
      'y.a': '1',
      'y.b': '1',
    });
  });

  it.each(['before', 'after'])(
    'returns one of two generations, with new links made %s the swap',
    async (when) => {
      const [before, after] = [
        { a: '1', 'gone.x': '1' },
        { a: '2', 'new': '2', 'sub.x': '2' },
      ];
      await box.write({ 'mount/..1/a': '1', 'mount/..1/gone.x': '1' });
      await box.link('mount/..data', '..1');
      for (const file of ['a', 'gone.x']) await box.link(`mount/${file}`, `..data/${file}`);
      const provider = new DirectoryProvider(box.path('mount'));
      const write = (name: string) => () => box.write({ [`mount/..2/${name}`]: '2' });
      const link = (name: string) => () => box.link(`mount/${name}`, `..data/${name}`);
      const remove = (name: string) => () => fs.rm(box.path(`mount/${name}`), { recursive: true });
      const swap = () => box.link('mount/..data', '..2');
      const links = [link('new'), link('sub')];
      const steps = [
        write('a'),
        write('new'),
        write('sub/x'),
        ...(when === 'before' ? [...links, swap] : [swap, ...links]),
      ];
      let expected: object = before;
      expect(await listed(provider)).toEqual(expected);
      for (const step of [...steps, remove('gone.x'), remove('..1')]) {
        await step();
        if (step === swap) expected = after;
        await provider.refresh();
        expect(await listed(provider)).toEqual(expected);
        for (const key of ['a', 'new', 'gone.x', 'sub.x'])
          expect((await provider.get(key, { maxAgeMs: 0 }))?.value).toBe(
            (expected as Record<string, string>)[key],
          );
      }
    },
  );

  it('throws unavailable for a volume that changes during every attempt', async () => {
    await box.write({ 'mount/..1/a': '1', 'mount/..2/a': '2' });
    await box.link('mount/..data', '..1');
    await box.link('mount/a', '..data/a');
    let swaps = 1;
    vi.mocked(fs.open).mockImplementation(async (...args) => {
      await box.link('mount/..data', `..${(swaps++ % 2) + 1}`);
      return open(...args);
    });
    await expect(new DirectoryProvider(box.path('mount')).list()).rejects.toMatchObject({
      code: 'unavailable',
      transient: true,
    });
  });

  it('notifies watchers of a swap, a write, a new file and a removed file', async () => {
    await box.write({ 'mount/..1/a': '1', 'mount/..2/a': '2', 'mount/sub/b': 'x' });
    await box.link('mount/..data', '..1');
    await box.link('mount/a', '..data/a');
    const provider = new DirectoryProvider(box.path('mount'));
    await provider.list();
    const told = vi.fn();
    provider.watch(told);
    const shows = (expected: object): Promise<void> =>
      until(
        JSON.stringify(expected),
        async () =>
          JSON.stringify(Object.entries(await listed(provider)).sort()) ===
          JSON.stringify(Object.entries(expected)),
      );
    await box.link('mount/..data', '..2');
    await shows({ a: '2', 'sub.b': 'x' });
    await box.write({ 'mount/sub/b': 'y' });
    await shows({ a: '2', 'sub.b': 'y' });
    await box.write({ 'mount/sub/c/d': 'z' });
    await shows({ a: '2', 'sub.b': 'y', 'sub.c.d': 'z' });
    await box.write({ 'mount/sub': undefined });
    await shows({ a: '2' });
    expect(told.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(told).toHaveBeenCalledWith({ provider: provider.name, time: expect.any(Number) });
    await provider.close();
  });

  it('drops a removed key after a swap, also before its link is removed', async () => {
    await box.write({ 'mount/..1/a': '1', 'mount/..1/b': '1', 'mount/..2/a': '2' });
    await box.link('mount/..data', '..1');
    for (const file of ['a', 'b']) await box.link(`mount/${file}`, `..data/${file}`);
    const provider = new DirectoryProvider(box.path('mount'));
    expect(await listed(provider)).toEqual({ a: '1', b: '1' });
    await box.link('mount/..data', '..2');
    expect(await provider.get('b', { maxAgeMs: 0 })).toBeUndefined();
    expect(await listed(provider)).toEqual({ a: '2' });
    await box.write({ 'mount/..2': undefined }); // losing the generation removes no key
    await expect(provider.get('b', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'io' });
    expect(Object.keys(await listed(provider))).toEqual(['a', 'b']);
  });

  it('watches behind a link to another folder and stops at circles', async () => {
    await box.write({ 'elsewhere/a': '1', 'mount/x': '' });
    await box.link('mount/linked', '../elsewhere');
    await box.link('mount/self', '.');
    const provider = new DirectoryProvider(box.path('mount'));
    const told = vi.fn();
    provider.watch(told);
    await provider.list();
    await box.write({ 'elsewhere/a': '2' });
    await until('the change is seen', async () => (await provider.get('linked.a'))?.value === '2');
    await provider.close();
  });
});
