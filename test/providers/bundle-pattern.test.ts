import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { formats } from '../../src/formats/format.ts';
import { type BundleOptions, BundleProvider } from '../../src/providers/bundle.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { failureOf } from '../support/listening.ts';
import { until } from '../support/until.ts';

let box: Sandbox;
beforeEach(async () => {
  box = await sandbox({ name: 'pattern' });
});
afterEach(() => box.dispose());

const pattern = (options: Partial<BundleOptions> = {}, name = 'conf.d/*.yaml'): BundleProvider =>
  new BundleProvider({ path: box.path(name), ...options });
const tree = (provider: BundleProvider) => new ProviderChain([provider]).tree();

describe('BundleProvider of a pattern', () => {
  it('merges files by the order of their names, and each value has its own origin', async () => {
    await box.write({
      'conf.d/20-b.yaml': 'server:\n  port: 2\nmodels: [b]\n',
      'conf.d/10-a.yaml': 'server:\n  port: 1\n  host: a\nmodels: [a, a]\nempty: {}\n',
      'conf.d/100-c.yaml': 'last: true\n',
      'conf.d/.hidden.yaml': 'hidden: true\n',
      'conf.d/20-b.yaml~': 'hidden: true\n',
      'conf.d/inner/x.yaml': 'hidden: true\n',
    });
    const provider = pattern();
    expect(await tree(provider)).toEqual({
      server: { host: 'a', port: 2 },
      models: ['b'],
      empty: {},
      last: true,
    });
    expect(String((await provider.get('server.port'))?.origin)).toBe(`${box.path('conf.d/20-b.yaml')}:2:9`);
    expect(String((await provider.get('server.host'))?.origin)).toBe(`${box.path('conf.d/10-a.yaml')}:3:9`);
    expect(provider.where('server.port')).toBe(`${box.path('conf.d/20-b.yaml')} server.port`);
    expect(provider.where('server.nothing')).toBe(`${box.path('conf.d/*.yaml')} server.nothing`);
    expect(provider.name).toBe(`bundle:${box.path('conf.d/*.yaml')}`);
    expect((await failureOf(provider.get('server'))).code).toBe('invalid_key');
    expect(await provider.get('server.nothing')).toBeUndefined();
    expect((await provider.list('server')).map(({ key }) => key).sort()).toEqual([
      'server.host',
      'server.port',
    ]);
  });

  it('reads each file by its extension, or all in the format of the option', async () => {
    await box.write({
      'c/a.json': '{"a":1}',
      'c/b.yaml': 'b: 2',
      'c/d.toml': 'd = 4',
      'c/e.jsonc': '// x\n{}',
    });
    expect(await tree(pattern({}, 'c/*'))).toEqual({ a: 1, b: 2, d: 4 });
    await box.write({ 'd/a.conf': 'a: 1', 'd/b.conf': 'b: 2' });
    expect(await tree(pattern({ format: 'yaml' }, 'd/*.conf'))).toEqual({ a: 1, b: 2 });
    const error = await failureOf(pattern({}, 'd/*').list());
    expect(error.message).toContain(`the extension of ${box.path('d/a.conf')} does not name a format`);
  });

  it('takes the signs of a regular expression as they are', async () => {
    await box.write({ 'c/a+(b).yaml': 'a: 1', 'c/aab.yaml': 'b: 1', 'c/a+(b)xyaml': 'c: 1' });
    expect(await tree(pattern({}, 'c/a+(b)*.yaml'))).toEqual({ a: 1 });
  });

  it('a value in one file against a section in another is a hole that names both files', async () => {
    await box.write({ 'conf.d/a.yaml': 'x: 1\ny: 1', 'conf.d/b.yaml': 'x: { z: 1 }' });
    const provider = pattern();
    for (const key of ['x', 'x.z']) {
      const error = await failureOf(provider.get(key));
      expect(error).toMatchObject({ code: 'conflict', key: 'x' });
      expect(error.message).toMatch(/a\.yaml.*b\.yaml|b\.yaml.*a\.yaml/);
    }
    expect((await provider.get('y'))?.value).toBe(1);
    expect((await provider.list('x.z')).map(({ key }) => key)).toEqual(['x.z']);
  });

  it('one broken file is an error that names it, and the last good content stays', async () => {
    await box.write({ 'conf.d/a.yaml': 'a: 1', 'conf.d/b.yaml': 'b: 1' });
    const provider = pattern();
    await provider.get('a');
    await box.replace('conf.d/b.yaml', 'b: [1');
    const error = await failureOf(provider.refresh());
    expect(error).toMatchObject({ code: 'parse' });
    expect(error.message).toContain('conf.d/b.yaml');
    expect((await provider.get('b'))?.value).toBe(1);
    expect((await provider.health()).status).toBe('degraded');
  });

  it('a missing folder and a pattern without files are errors, unless optional', async () => {
    expect((await failureOf(pattern().list())).message).toMatch(
      /the file .*conf\.d does not exist.*set optional/,
    );
    await box.write({ 'conf.d/x.txt': '' });
    const error = await failureOf(pattern().list());
    expect(error).toMatchObject({ code: 'io' });
    expect(error.message).toMatch(/no file matches .*conf\.d\/\*\.yaml .*set optional/);
    const optional = pattern({ optional: true });
    expect(await optional.list()).toEqual([]);
    await box.write({ 'conf.d/a.yaml': 'a: 1' });
    await optional.refresh();
    expect((await optional.get('a'))?.value).toBe(1);
  });

  it('a dangling link and a folder of that name are errors', async () => {
    await box.write({ 'conf.d/a.yaml/inside': '' });
    expect((await failureOf(pattern().list())).message).toContain('a.yaml is a folder');
  });

  it('refuses * in a folder, and two of them', () => {
    for (const file of ['*/a.yaml', 'a*/b/c.yaml', '**/a.yaml', 'conf.d/**', 'conf.d/*-*.yaml'])
      expect(() => new BundleProvider(file)).toThrow(/only the last segment of path may have one \*/);
  });

  it('masks secrets, also of one that a later file overrides', async () => {
    await box.write({
      'conf.d/a.yaml': 'db: { password: fake-1 }',
      'conf.d/b.yaml': 'db: { password: fake-2 }',
    });
    const items = await pattern().list();
    expect(JSON.stringify(items)).not.toContain('fake');
  });

  it('parses an unchanged file only once', async () => {
    await box.write({ 'conf.d/a.yaml': 'a: 1', 'conf.d/b.yaml': 'b: 1' });
    const parse = vi.spyOn(formats.yaml, 'parse');
    try {
      const config = await loadConfig(z.object({ a: z.number(), b: z.number() }), pattern());
      expect(parse).toHaveBeenCalledTimes(2);
      await config.reload();
      expect(config.generation.number).toBe(1);
      await box.replace('conf.d/b.yaml', 'b: 2');
      await config.reload();
      expect(config.value).toEqual({ a: 1, b: 2 });
      expect(parse.mock.calls.map(([{ file }]) => path.basename(file)).sort()).toEqual([
        'a.yaml',
        'b.yaml',
        'b.yaml',
      ]);
    } finally {
      parse.mockRestore();
    }
  });

  it('loses to a stronger provider, and wins over a weaker one', async () => {
    await box.write({ 'conf.d/a.yaml': 'a: 1\nb: 1' });
    const strong = new MemoryProvider({ a: 2 }, { name: 'strong' });
    const weak = new MemoryProvider({ b: 3, c: 3 }, { name: 'weak' });
    expect(await new ProviderChain([strong, pattern(), weak]).tree()).toEqual({ a: 2, b: 1, c: 3 });
  });
});

describe('a watch of a pattern', () => {
  it('sees files that change, appear, disappear and are renamed, and no others', async () => {
    await box.write({ 'conf.d/a.yaml': 'a: 1' });
    const provider = pattern();
    await provider.list();
    let changes = 0;
    using _ = provider.watch(() => void changes++);
    const seen = async (what: string, change: () => Promise<unknown>, expected: object): Promise<void> => {
      const before = changes;
      await change();
      await until(what, () => changes > before);
      expect(await tree(provider)).toEqual(expected);
    };
    await seen('a change', () => box.replace('conf.d/a.yaml', 'a: 2'), { a: 2 });
    await seen('a new file', () => box.write({ 'conf.d/b.yaml': 'b: 1' }), { a: 2, b: 1 });
    const [b, c] = [box.path('conf.d/b.yaml'), box.path('conf.d/c.yaml')];
    await box.write({ 'conf.d/other.txt': 'x' });
    await seen('a removed file', () => rm(box.path('conf.d/a.yaml')), { b: 1 });
    await seen('a broken file', () => box.replace('conf.d/b.yaml', 'b: ['), { b: 1 });
    await seen('a mended file', () => box.replace('conf.d/b.yaml', 'b: 3'), { b: 3 });
    await rename(b, c);
    await provider.refresh();
    expect(String((await provider.get('b'))?.origin)).toContain('c.yaml');
  });

  it('sees a mounted volume that is swapped, as one generation', async () => {
    const mount = async (number: number, files: Record<string, string>): Promise<void> => {
      await box.write(
        Object.fromEntries(Object.entries(files).map(([name, text]) => [`v/..${number}/${name}`, text])),
      );
      await box.link('v/..data', `..${number}`);
    };
    await mount(1, { 'a.yaml': 'a: 1', 'b.yaml': 'b: 1' });
    for (const name of ['a.yaml', 'b.yaml']) await box.link(`v/${name}`, `..data/${name}`);
    const provider = pattern({}, 'v/*.yaml');
    expect(await tree(provider)).toEqual({ a: 1, b: 1 });
    let changes = 0;
    using _ = provider.watch(() => void changes++);
    await mount(2, { 'a.yaml': 'a: 2', 'c.yaml': 'c: 2' });
    await until('a swap', () => changes > 0);
    expect(await tree(provider)).toEqual({ a: 2, c: 2 });
  });
});
