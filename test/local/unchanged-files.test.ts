import fs from 'node:fs/promises';
import path from 'node:path';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BundleProvider, DirectoryProvider, loadConfig } from '../../src/index.ts';
import { settledMarkOf } from '../../src/local/file.ts';
import { spied } from '../support/spied.ts';
import { until } from '../support/until.ts';

spied(fs, 'open');

let box: Sandbox;
const numbers = Array.from({ length: 20 }, (_, i) => i);

beforeEach(async () => {
  box = await sandbox({ name: 'unchanged' });
  // an hour after all files were written
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  vi.mocked(fs.open).mockClear();
});
afterEach(async () => {
  vi.useRealTimers();
  await box.dispose();
});

/** The names of the files that were opened since the last call. */
function opened(): string[] {
  const names = vi.mocked(fs.open).mock.calls.map(([file]) => path.basename(String(file)));
  vi.mocked(fs.open).mockClear();
  return names.sort();
}

describe('a watched folder', () => {
  it('has only the file that changed read again', async () => {
    await box.write(Object.fromEntries(numbers.map((i) => [`mount/key${i}`, `${i}`])));
    const provider = new DirectoryProvider(box.path('mount'));
    await provider.list();
    expect(opened()).toHaveLength(numbers.length);
    provider.watch(() => {});
    await box.write({ 'mount/key3': 'new' });
    await until('the change is seen', async () => (await provider.get('key3'))?.value === 'new');
    expect(new Set(opened())).toEqual(new Set(['key3']));
    await provider.close();
  });

  it('has all files read again by a refresh and by a read that asks for the source', async () => {
    await box.write(Object.fromEntries(numbers.map((i) => [`mount/key${i}`, `${i}`])));
    const provider = new DirectoryProvider(box.path('mount'));
    await provider.list();
    opened();
    await provider.refresh();
    expect(opened()).toHaveLength(numbers.length);
    await provider.get('key3', { maxAgeMs: 0 });
    expect(opened()).toHaveLength(numbers.length);
  });

  it('has all files read by a refresh that arrives during a check', async () => {
    await box.write({ 'mount/a': '1', 'mount/b': '2' });
    const provider = new DirectoryProvider(box.path('mount'));
    await provider.list();
    provider.watch(() => {});
    await until('the first check', async () => {
      opened();
      await Promise.all([provider.refresh(), provider.refresh()]);
      return opened().length >= 2;
    });
    await provider.close();
  });
});

describe('a configuration of many files', () => {
  it('has only the file that changed read again', async () => {
    await box.write(
      Object.fromEntries(numbers.map((i) => [`${i}.json`, JSON.stringify({ [`key${i}`]: i })])),
    );
    const files = numbers.map((i) => new BundleProvider(box.path(`${i}.json`)));
    await using config = await loadConfig(files, { watch: { settleMs: 5 } });
    await until('the watch has begun', () => opened().length === 0);
    await box.write({ '7.json': '{"key7":"new"}' });
    await until('the change is seen', () => config.get('key7') === 'new');
    expect(new Set(opened())).toEqual(new Set(['7.json']));
  });

  it('reports when a file breaks', async () => {
    await box.write({ 'a.json': '{"a":1}', 'b.json': '{"b":1}' });
    const files = ['a', 'b'].map((name) => new BundleProvider(box.path(`${name}.json`)));
    await using config = await loadConfig(files, { watch: { settleMs: 5 } });
    const failed = vi.fn();
    config.on(({ type }) => type === 'refresh_failed' && failed());
    await box.write({ 'a.json': '{"a":' });
    await until('it fails', () => failed.mock.calls.length > 0);
    await box.write({ 'a.json': '{"a":2}' });
    await until('it is repaired', () => config.get('a') === 2);
  });
});

describe('settledMarkOf', () => {
  it('is certain only of a file that changed a while ago', async () => {
    await box.write({ a: 'one', empty: '' });
    const mark = settledMarkOf(box.path('a'));
    expect(mark).toEqual(expect.any(String));
    expect(settledMarkOf(box.path('a'))).toBe(mark);
    await box.write({ a: 'two' });
    expect(settledMarkOf(box.path('a'))).not.toBe(mark);
    vi.useRealTimers();
    expect(settledMarkOf(box.path('a'))).toBeUndefined();
    expect(['empty', 'missing'].map((name) => settledMarkOf(box.path(name)))).toEqual([undefined, undefined]);
  });
});
