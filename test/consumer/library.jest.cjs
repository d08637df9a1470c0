const {
  isConfigError,
  ConfigError,
  MemoryProvider,
  BundleProvider,
  ProviderChain,
} = require('llm-config-manager');
const { writeFileSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

describe('the package under Jest in CommonJS mode', () => {
  it('reads through a chain', async () => {
    const chain = new ProviderChain([new MemoryProvider({ a: { b: 1 } })]);
    expect((await chain.get('a.b')).value).toBe(1);
    await chain.close();
  });

  it.each([
    ['json', '{ "a": { "b": 2 } }'],
    ['yaml', 'a:\n  b: 2\n'],
    ['toml', '[a]\nb = 2\n'],
  ])('loads the parser of %s on first use', async (extension, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'jest-'));
    try {
      const file = join(folder, `base.${extension}`);
      writeFileSync(file, text);
      const chain = new ProviderChain([new BundleProvider(file)]);
      expect(Number((await chain.get('a.b')).value)).toBe(2);
      await chain.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('throws errors that every copy of the library recognises', () => {
    expect(isConfigError(new ConfigError('io', 'It broke'))).toBe(true);
  });
});
