import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeEntry } from '../../src/entry.ts';
import { loadConfig } from '../../src/index.ts';
import { makeUnjudgedEntry } from '../../src/local/unjudged-entry.ts';
import { makeOrigin } from '../../src/origin.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { folder } from '../support/folder.ts';

const env = { HOST: 'h', LICENSE: 'fake-license', OTHER: 'o', PASSWORD: 'fake-password' };

/** A pattern that lists the names it was asked about. */
function watchful(): { readonly sensitive: readonly RegExp[]; readonly asked: string[] } {
  const asked: string[] = [];
  class Watchful extends RegExp {
    override get source(): string {
      asked.push('a name');
      return 'license';
    }
  }
  return { sensitive: [new Watchful('license')], asked };
}

describe('the secrecy of a variable', () => {
  it.each(['EnvProvider', 'DotEnvProvider'])('is not judged by %s before it is read', async (name) => {
    const { sensitive, asked } = watchful();
    await using files = await folder({
      '.env': Object.entries(env)
        .map((one) => one.join('='))
        .join('\n'),
    });
    const provider =
      name === 'EnvProvider'
        ? new EnvProvider({ env, sensitive })
        : new DotEnvProvider({ directory: files.path, sensitive });
    const listed = await provider.list();
    await loadConfig([provider, new MemoryProvider({ region: 'eu' })]);
    expect(asked).toEqual([]);
    expect(listed.map((item) => 'secret' in item && item.secret)).toEqual([false, true, false, true]);
    expect(asked).not.toEqual([]);
    expect((await provider.get('host'))?.secret).toBe(false);
  });

  it('is judged once an entry', () => {
    let judged = 0;
    const entry = makeUnjudgedEntry(fields, () => ++judged > 0);
    expect([entry.secret, entry.secret, { ...entry }.secret, judged]).toEqual([true, true, true, 1]);
  });
});

const fields = {
  key: 'license',
  value: 'fake-license',
  secret: true,
  origin: makeOrigin({ provider: 'env', source: 'env LICENSE' }),
  text: true,
  loose: 'always',
} as const;

describe('an entry that is not judged yet', () => {
  it.each([true, false])('prints as an entry that was judged, secret: %s', (secret) => {
    const [judged, unjudged] = [makeEntry({ ...fields, secret }), makeUnjudgedEntry(fields, () => secret)];
    expect(inspect(unjudged)).toBe(inspect(judged));
    expect(JSON.stringify(unjudged)).toBe(JSON.stringify(judged));
    expect(`${unjudged}`).toBe(`${judged}`);
    expect({ ...unjudged }).toEqual({ ...judged });
    expect(Object.isFrozen(unjudged)).toBe(true);
  });

  it('hides its value from console.dir, which judges nothing', () => {
    const entry = makeUnjudgedEntry(fields, () => expect.unreachable('it was judged'));
    expect(inspect(entry, { customInspect: false, showHidden: true })).not.toContain('fake-license');
  });
});
