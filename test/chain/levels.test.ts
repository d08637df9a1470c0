import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { cascade, environments } from '../../src/chain/levels.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigValue } from '../../src/value.ts';
import { Fixed } from '../support/layers.ts';

describe('cascade', () => {
  it('cascade lets the most specific level win', async () => {
    const values: Record<string, Record<string, ConfigValue>> = {
      global: { a: 1, b: 1, c: 1 },
      tenant: { b: 2, c: 2 },
      service: { c: 3 },
    };
    const chain = cascade(['global', 'tenant', 'service'], (level) => new Fixed(level, values[level] ?? {}));
    expect(await chain.tree()).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('cascade refuses a value that is not a list of levels', () => {
    expect(() => cascade('acme' as never, (level: string) => new Fixed(level, {}))).toThrow(
      'cascade: the first argument must be a list of levels',
    );
  });
});

describe('environments', () => {
  const files: Record<string, Record<string, ConfigValue>> = {
    production: { log: 'warn' },
    staging: { log: 'info', debugger: 'off' },
    development: { log: 'debug', debugger: 'on' },
    base: { log: 'all', name: 'acme' },
  };
  const make = (name: string) => new Fixed(name, files[name] ?? {});

  it('environments reads the active environment, then base, and no other', async () => {
    expect(await environments('production', make).tree()).toEqual({ log: 'warn', name: 'acme' });
  });

  it('environments refuses an active environment without a name, and wrong options', () => {
    for (const active of [undefined, '', 5])
      expect(() => environments(active as never, make)).toThrow(
        'environments: the first argument must be the name of the active environment. ' +
          'Give an unset variable a default:',
      );
    expect(() => environments('production', make, { inherit: 'staging' as never })).toThrow(
      'environments: the option inherit must be a list, each a non-empty string; received a string',
    );
    expect(() => environments('production', make, { inherits: [] } as never)).toThrow(
      'Did you mean inherit?',
    );
  });

  it('environments inherits from the named environments, in their order', async () => {
    expect(await environments('production', make, { inherit: ['staging'] }).tree()).toEqual({
      log: 'warn',
      debugger: 'off',
      name: 'acme',
    });
  });
});

describe('many tenants of one shared provider', () => {
  const tenants = ['acme', 'globex', 'initech'];
  const shared = new Fixed(
    'vault',
    Object.fromEntries(
      tenants.flatMap((name): [string, ConfigValue | ConfigError][] => [
        [`tenants.${name}.key`, `not-a-real-key-of-${name}`],
        [`tenants.${name}.broken`, new ConfigError('disabled', `secret of ${name} is disabled`)],
      ]),
    ),
  );
  const tenant = (name: string) =>
    new ProviderChain([cascade(['global', `tenants.${name}`], (level) => scoped(shared, level))], {
      name: `tenant ${name}`,
      closeProviders: false,
    });

  it('shows each tenant its own keys, values and errors only', async () => {
    for (const name of tenants) {
      const chain = tenant(name);
      expect(await chain.value('key')).toBe(`not-a-real-key-of-${name}`);
      await expect(chain.get('broken')).rejects.toMatchObject({
        key: 'broken',
        message: `secret of ${name} is disabled`,
      });
      const seen = JSON.stringify([await chain.list(), await chain.layers()]);
      for (const other of tenants.filter((one) => one !== name)) expect(seen).not.toContain(other);
    }
  });

  it('lets no key lead out of a tenant', async () => {
    const chain = tenant('acme');
    await expect(chain.get('../globex/key')).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await chain.get('tenants.globex.key')).toBeUndefined();
  });
});
