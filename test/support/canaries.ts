import fc from 'fast-check';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import type { Loaded } from '../../src/cli/module.ts';
import { makeEntry } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { SecretRuns } from '../../src/report/secret-runs.ts';

/** What `llm-config` loads of a module. */
export const loadedWith = (chain: ProviderChain, schema?: z.ZodType): Loaded => ({
  file: 'config.mjs',
  chain,
  schema: schema as Loaded['schema'],
  options: {},
  exports: {},
});

const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const canary = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 12, maxLength: 20 });
const names = fc.constantFrom('password', 'apiToken', 'licence', 'inner', 'url', 'list');
const places = fc.constantFrom('first', 'second', 'hole', 'failed', 'health', 'default', 'origin');
const quotes = fc.constantFrom(
  (text: string) => text,
  (text: string) => `not ${text}!`,
  (text: string) => Buffer.from(`u:${text}`).toString('base64'),
  (text: string) => encodeURIComponent(`${text} x`),
);

export interface Hidden {
  /** The key that has the secret. */
  readonly key: string;
  /** Configurations with the secret: with a schema, with one that refuses the value, and without. */
  readonly all: readonly Loaded[];
  /** Throws if a text has a part of the secret. */
  readonly check: (text: string, where: string) => void;
}

/** Configurations with a secret in every place: a store, a weaker source, messages, a default, an origin. */
export const hidden: fc.Arbitrary<Hidden> = fc
  .tuple(canary, names, places, quotes)
  .map(([secret, key, place, quoted]) => {
    const value = key === 'url' ? `https://u:${secret}@host/x` : key === 'list' ? [secret] : secret;
    const isStore = key === 'inner' || key === 'list';
    const source = place === 'origin' ? quoted(secret) : 'a';
    const origin = makeOrigin({ provider: 'store', source });
    const entry = makeEntry({ key, value, secret: isStore || place === 'origin', origin });
    const message = `the store said ${quoted(secret)}`;
    const error = new ConfigError('unavailable', message, { provider: 'store' });
    const hole = { key: 'other', origin, error };
    const status = place === 'health' ? 'down' : 'ok';
    const store: ConfigProvider = {
      name: 'store',
      get: async (asked) => (asked === key ? entry : undefined),
      list: async () => (place === 'hole' ? [hole, entry] : [entry]),
      health: async () => ({ status, reason: quoted(secret), checkedAt: 0 }),
    };
    const failing: ConfigProvider = {
      name: 'failing',
      get: () => Promise.reject(error),
      list: () => Promise.reject(secret.length > 16 ? error : new Error(secret)),
    };
    const weak = new MemoryProvider({ [key]: value as string }, { name: 'second' });
    const chains = { second: [weak, store], failed: [store, failing] };
    const chain = new ProviderChain(chains[place as keyof typeof chains] ?? [store, weak]);
    const field = z.any().meta({ 'x-secret': true });
    const other = z.string().optional();
    const schemas = [
      z.object({ [key]: place === 'default' ? field.default(value) : field, other }),
      z.object({ [key]: z.number().meta({ 'x-secret': true }) }),
      ...(key === 'licence' ? [] : [undefined]), // only a schema knows that one
    ];
    const runs = new SecretRuns([secret], { run: 10 });
    return {
      key,
      all: schemas.map((schema) => loadedWith(chain, schema)),
      check: (text, where) => {
        if (runs.holds(text)) throw new Error(`${where}: ${text}`);
      },
    };
  });
