import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { BundleProvider } from '../../src/providers/bundle.ts';
import { folder } from '../support/folder.ts';

const broken = vi.hoisted(() => () => {
  throw new Error('fake-s3cret-for-tests');
});
vi.mock('yaml', broken);
vi.mock('smol-toml', broken);

describe('a file whose parser cannot be loaded', () => {
  it.each([
    ['yaml', 'a.yaml', 'a: 1\n', (path: string) => new BundleProvider(path)],
    ['smol-toml', 'a.toml', 'a = 1\n', (path: string) => new BundleProvider(path)],
  ])('names the missing package and the command that installs it: %s', async (name, file, text, make) => {
    await using box = await folder({ [file]: text });
    const provider = make(box.at(file));
    const error = await new ProviderChain([provider]).get('a').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'missing_dependency',
      provider: provider.name,
      message: `${provider.name}: the package ${name} cannot be loaded. Run: npm install ${name}`,
    });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('fake-s3cret');
  });
});
