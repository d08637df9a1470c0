import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type Config,
  type ConfigChange,
  type ConfigEvent,
  DirectoryProvider,
  loadConfig,
} from '../../src/index.ts';
import { until } from '../support/until.ts';

const schema = z.object({ n: z.number() });
const text = (n: number): string => JSON.stringify({ n });
let folder: string;
let file: string;
let config: Config<{ n: number }> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watching-'));
  file = join(folder, 'config.json');
  await writeFile(file, text(0));
});
afterEach(async () => {
  await config?.close();
  await rm(folder, { recursive: true });
});

const sees = (n: number): Promise<void> => until(`n is ${n}`, () => config?.value.n === n);

describe('a watched file', () => {
  it('a file replaced by rename makes the next generation', async () => {
    config = await loadConfig(schema, new BundleProvider(file), { watch: true });
    await writeFile(join(folder, 'next'), text(1));
    await rename(join(folder, 'next'), file);
    await sees(1);
    expect(config.generation.number).toBe(2);
  });

  it('a burst of a hundred writes ends with the last content', async () => {
    config = await loadConfig(schema, new BundleProvider(file), { watch: true });
    for (let n = 1; n <= 100; n++) await writeFile(file, text(n));
    await sees(100);
  });

  it('a deleted file keeps the generation until the file returns', async () => {
    const events: ConfigEvent[] = [];
    const changes: ConfigChange[] = [];
    config = await loadConfig(schema, new BundleProvider(file), {
      watch: true,
      on: (event) => events.push(event),
    });
    config.subscribe('n', (change) => changes.push(change));
    await unlink(file);
    await until('it is told', () => events.some(({ type }) => type === 'refresh_failed'));
    expect(config.value.n).toBe(0);
    await writeFile(file, text(5));
    await sees(5);
    expect(changes).toEqual([{ key: 'n', generation: 2, previous: 0, current: 5 }]);
  });

  it('a broken file keeps the generation until it is repaired', async () => {
    const events: ConfigEvent[] = [];
    config = await loadConfig(schema, new BundleProvider(file), {
      watch: true,
      on: (event) => events.push(event),
    });
    await writeFile(file, '{"n":');
    await until('it is told', () => events.some(({ outcome }) => outcome === 'parse'));
    expect(config.value.n).toBe(0);
    await writeFile(file, text(7));
    await sees(7);
  });

  it('a folder that Kubernetes swaps by symlink is followed', async () => {
    const mount = join(folder, 'mount');
    for (const [name, n] of [
      ['..1', 1],
      ['..2', 2],
    ] as const) {
      await mkdir(join(mount, name), { recursive: true });
      await writeFile(join(mount, name, 'n'), String(n));
    }
    await symlink('..1', join(mount, '..data'));
    await symlink(join('..data', 'n'), join(mount, 'n'));
    config = await loadConfig(schema, new DirectoryProvider(mount), { watch: true });
    expect(config.value.n).toBe(1);
    await symlink('..2', join(mount, '..tmp'));
    await rename(join(mount, '..tmp'), join(mount, '..data'));
    await sees(2);
  });
});
