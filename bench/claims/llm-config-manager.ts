import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BundleProvider,
  ConfigError,
  EnvProvider,
  isConfigError,
  loadConfig,
  MemoryProvider,
  ProviderChain,
} from 'llm-config-manager';
import { type DocumentSource, type Outcome, sheltered } from 'llm-config-manager/shelter';
import { z } from 'zod';
import { type Claims, printed, thrown } from './claim.ts';

const folder = mkdtempSync(join(tmpdir(), 'claims-'));
function file(name: string, text: string): BundleProvider {
  writeFileSync(join(folder, name), text);
  return new BundleProvider(join(folder, name));
}
const base = '{\n  "mode": null,\n  "hosts": ["one"],\n  "db": { "password": "fake-secret", "port": 1 }\n}\n';

/** A store that counts requests, like the one in the claims about Powertools. */
class Store implements DocumentSource {
  readonly name = 'store';
  readonly batch = 1;
  requests = 0;
  isDown = false;
  readonly #values: Readonly<Record<string, string>>;
  constructor(values: Readonly<Record<string, string>> = {}) {
    this.#values = values;
  }
  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }
  async read(names: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    this.requests++;
    await new Promise(setImmediate);
    if (this.isDown) throw new Error('the store is down');
    const outcome = (value: string | undefined): Outcome =>
      value === undefined ? 'absent' : { value, secret: true, text: true };
    return new Map(names.map((name) => [name, outcome(this.#values[name])]));
  }
  classify(): ConfigError {
    return new ConfigError('unavailable', 'store: no answer');
  }
}
const code = async (run: () => unknown): Promise<string> => {
  const error = await thrown(run);
  return isConfigError(error) ? error.code : 'not a ConfigError';
};

export const claims: Claims = {
  'The result is frozen and has the type of a Standard Schema. Reads are synchronous.': async () => {
    const config = await loadConfig(z.object({ port: z.number() }), new EnvProvider({ env: { PORT: '80' } }));
    const port: number = config.get('port');
    equal(port, 80);
    ok(Object.isFrozen(config.value));
  },
  'A numeric variable set to `abc` fails the load. The report names it and all other problems.': async () => {
    const schema = z.object({ port: z.number(), mode: z.string() });
    match(
      (await thrown(() => loadConfig(schema, new EnvProvider({ env: { PORT: 'abc' } })))).message,
      /PORT.*mode/s,
    );
  },
  '`"false"` is false, also with `z.coerce.boolean()`.': async () => {
    const config = await loadConfig(
      z.object({ debug: z.coerce.boolean() }),
      new EnvProvider({ env: { DEBUG: 'false' } }),
    );
    equal(config.value.debug, false);
  },
  '`explain` names the file, line and column of a value, and the values that it overrides.': async () => {
    const chain = new ProviderChain([new EnvProvider({ env: { DB__PORT: '2' } }), file('base.json', base)]);
    const config = await loadConfig(z.object({ db: z.object({ port: z.number() }) }), chain, {
      unknown: 'ignore',
    });
    match(`${config.explain('db.port')}`, /DB__PORT.*base\.json:4:\d+/s);
  },
  '`null` is a value, and a list replaces a list.': async () => {
    const chain = new ProviderChain([
      file('base.json', base),
      new MemoryProvider({ mode: 'the default', hosts: ['two'] }),
    ]);
    const tree = await chain.tree();
    deepEqual([tree.mode, tree.hosts], [null, ['one']]);
  },
  'A file that cannot be parsed fails the load. The error names the line and does not quote the text.':
    async () => {
      const { message } = await thrown(() =>
        loadConfig(
          z.object({ password: z.string().default('x') }),
          file('b.json', '{ "password": fake-secret }'),
        ),
      );
      match(message, /b\.json:1/);
      ok(!message.includes('fake-secret'));
    },
  'An unreachable store fails the load: a default is not used because of an outage.': async () => {
    const store = new Store();
    store.isDown = true;
    const provider = sheltered(store, { resilience: { attempts: 1 } });
    equal(
      await code(() => loadConfig(z.object({ token: z.string().default('the default') }), provider)),
      'unavailable',
    );
  },
  'Fifty concurrent reads of one key make one request, and ten reads of a missing key make one.':
    async () => {
      const store = new Store({ key: 'value' });
      const provider = sheltered(store);
      await Promise.all(Array.from({ length: 50 }, () => provider.get('key')));
      equal(store.requests, 1);
      for (let i = 0; i < 10; i++) await provider.get('missing');
      equal(store.requests, 2);
    },
  'In an outage, twenty reads make five requests, then the breaker opens.': async () => {
    const store = new Store();
    store.isDown = true;
    const provider = sheltered(store, { resilience: { attempts: 1 } });
    const codes = new Set<string>();
    for (let i = 0; i < 20; i++) codes.add(await code(() => provider.get('key')));
    equal(store.requests, 5);
    deepEqual([...codes], ['unavailable', 'circuit_open']);
  },
  'With `staleIfErrorMs`, an expired value is used in an outage.': async () => {
    const store = new Store({ key: 'value' });
    const provider = sheltered(store, {
      cache: { ttlMs: 1, staleIfErrorMs: 60_000 },
      resilience: { attempts: 1 },
    });
    await provider.get('key');
    await new Promise((resolve) => setTimeout(resolve, 10));
    store.isDown = true;
    equal((await provider.get('key'))?.value, 'value');
  },
  '`JSON.stringify` and `inspect` mask the secrets of a configuration, a section and an entry.': async () => {
    const config = await loadConfig(file('base.json', base));
    const entry = await file('base.json', base).get('db.password');
    for (const one of [config, config.value, entry]) ok(!printed(one).includes('fake-secret'));
    ok(printed(config.value).includes('one'));
  },
  'A failed reload does not change the configuration.': async () => {
    const provider = file('living.json', '{ "port": 1 }');
    await using config = await loadConfig(z.object({ port: z.number() }), provider);
    writeFileSync(join(folder, 'living.json'), '{ "port": "none" }');
    equal(await code(() => config.reload()), 'validation');
    equal(config.value.port, 1);
  },
};
