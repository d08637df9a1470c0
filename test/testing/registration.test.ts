import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import {
  abilities,
  type Claim,
  conformance,
  describeProvider,
  type ProviderSuite,
  type Runner,
} from '../../src/testing/index.ts';
import { program } from '../support/program.ts';
import { Backend, reference, subject } from './reference.ts';

/** A runner that only records what is registered. */
function notebook(): { readonly runner: Runner; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (title: string): void => void lines.push(title);
  const runner: Runner = {
    describe: (title, body) => {
      write(`# ${title}`);
      body();
    },
    it: Object.assign(write, { skip: (title: string) => write(`skip ${title}`) }),
  };
  return { runner, lines };
}

const make = (values: Parameters<ProviderSuite['make']>[0]) => subject(values);
const claim = (claims: readonly Claim[], title: RegExp): Claim =>
  claims.find((one) => title.test(one.title)) as Claim;

const without = {
  batch: 'keys are read one by one',
  change: 'the backend has a single writer',
  faults: 'it never fails',
  empty: 'an empty string cannot be stored',
} as const;

describe('describeProvider', () => {
  it('registers every chapter with its sentences', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyProvider', runner, make });
    expect(lines[0]).toBe('# MyProvider');
    expect(lines.filter((line) => line.startsWith('# '))).toEqual(
      [
        'MyProvider',
        'lifecycle',
        'where',
        'read',
        'values',
        'list',
        'batch',
        'write',
        'versions',
        'change',
        'watch',
        'refresh',
        'renew',
        'known',
        'health',
        'faults',
      ].map((title) => `# ${title}`),
    );
    expect(lines.filter((line) => line.startsWith('skip '))).toEqual([]);
  });

  it('gives the reason for each skipped sentence', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyProvider', runner, make, without });
    const skipped = lines.filter((line) => line.startsWith('skip '));
    expect(skipped).toContain(
      'skip left out, because an empty string cannot be stored: keeps an empty string',
    );
    expect(skipped.every((line) => /left out, because \w+/.test(line))).toBe(true);
  });

  it('skips a whole chapter in one line', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyProvider', runner, make, without });
    const at = lines.indexOf('# change');
    expect(lines.slice(at, at + 3)).toEqual([
      '# change',
      'skip left out, because the backend has a single writer',
      '# watch',
    ]);
  });

  it('adds the chapter about entries made by hand for a decorator', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyDecorator', runner, make, wrap: (provider) => provider });
    expect(lines.filter((line) => line.startsWith('# ')).at(-1)).toBe('# entries made by hand');
    expect(() => describeProvider({ name: 'MyDecorator', make, wrap: 'p' } as never)).toThrow(
      /wrap must be a function/,
    );
  });

  it('leaves out the sentences about getMany of a decorator that has none', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyDecorator', runner, make, without, wrap: (provider) => provider });
    const own = lines.slice(lines.indexOf('# entries made by hand'));
    expect(own.filter((line) => /^skip .*keys are read one by one: getMany/.test(line))).toHaveLength(1);
  });

  it('accepts a provider without levers', async () => {
    const claims = conformance({ name: 'MyProvider', make: (values) => reference(new Backend(values)) });
    await claim(claims, /^get returns an entry/).check();
  });

  it('uses the global describe and it without a runner', () => {
    const { runner, lines } = notebook();
    Object.assign(globalThis, runner);
    try {
      describeProvider({ name: 'MyProvider', make });
    } finally {
      for (const name of ['describe', 'it']) Reflect.deleteProperty(globalThis, name);
    }
    expect(lines[0]).toBe('# MyProvider');
  });

  it('explains how to pass a runner when there is none', () => {
    expect(() => describeProvider({ name: 'MyProvider', make })).toThrow(
      /import \* as runner from 'node:test'/,
    );
  });

  it('rejects unknown abilities, and abilities without a reason', () => {
    const wrong = (bad: object) => () => conformance({ name: 'MyProvider', make, without: bad });
    expect(wrong({ wacth: 'it is asleep' })).toThrow(/Did you mean watch/);
    expect(wrong({ watch: '' })).toThrow(ConfigError);
    expect(wrong({ watch: true })).toThrow(ConfigError);
  });

  it('fails a sentence without its lever, and asks for a reason', async () => {
    const claims = conformance({
      name: 'MyProvider',
      make: (values) => ({ provider: reference(new Backend(values)) }),
    });
    await expect(claim(claims, /^list rejects.* when the backend is unavailable/).check()).rejects.toThrow(
      /without: \{ faults: 'because …' \}/,
    );
    await expect(claim(claims, /^get returns a changed value/).check()).rejects.toThrow(
      /without: \{ change: 'because …' \}/,
    );
    await expect(claim(claims, /^list returns an unreadable key/).check()).rejects.toThrow(
      /without: \{ damage: 'because …' \}/,
    );
  });

  it('fails a sentence without its method, and asks for a reason', async () => {
    const bare: ProviderSuite['make'] = (values) => {
      const { name, get, list } = reference(new Backend(values));
      return { provider: { name, get, list } };
    };
    const claims = conformance({ name: 'MyProvider', make: bare });
    await expect(claim(claims, /^refresh loses no values/).check()).rejects.toThrow(
      /without: \{ refresh: 'because …' \}/,
    );
    await expect(claim(claims, /^set can write/).check()).rejects.toThrow(
      /without: \{ write: 'because …' \}/,
    );
    await expect(claim(claims, /^getMany accepts the same key twice/).check()).rejects.toThrow(
      /without: \{ batch: 'because …' \}/,
    );
    await claim(claims, /^can be closed several times/).check();
  });

  it('fails a provider that has a method listed in without', async () => {
    const claims = conformance({ name: 'MyProvider', make, without });
    await expect(claim(claims, /^has no getMany, because keys are read one by one/).check()).rejects.toThrow(
      /the provider has getMany/,
    );
    const honest: ProviderSuite['make'] = (values) =>
      ({ ...reference(new Backend(values)), getMany: undefined }) as never;
    await claim(conformance({ name: 'MyProvider', make: honest, without }), /^has no getMany/).check();
  });

  it('cleans up after each sentence, also after a failure', async () => {
    const log: string[] = [];
    const claims = conformance({
      name: 'MyProvider',
      make: (values) => {
        const made = subject(values, () => ({
          get: async () => undefined,
          close: async () => void log.push('closed'),
        }));
        return { ...made, dispose: () => void log.push('disposed') };
      },
    });
    await expect(claim(claims, /^get returns an entry/).check()).rejects.toThrow();
    expect(log).toEqual(['closed', 'disposed']);
  });

  it('accepts a hole as the listing of a denied store with one document', async () => {
    const one: ProviderSuite['make'] = (values) =>
      subject(values, (honest) => ({
        list: (prefix, options) =>
          honest.list(prefix, options).catch((error: ConfigError) => {
            if (error.transient) throw error;
            return [{ key: '', error, origin: makeOrigin({ provider: 'reference', source: 'reference' }) }];
          }),
      }));
    for (const { title, check } of conformance({ name: 'MyProvider', make: one }))
      if (/ denies access$/.test(title)) await check();
  });

  it('accepts a provider that cannot be converted to JSON or a string', async () => {
    const odd: ProviderSuite['make'] = (values) => {
      const made = Object.assign(Object.create(null), reference(new Backend(values)));
      return { provider: Object.assign(made, { itself: made }) };
    };
    await claim(conformance({ name: 'MyProvider', make: odd }), /^prints no secret that it has read/).check();
  });

  it('waits in real time for a provider without a manual clock', async () => {
    const claims = conformance({
      name: 'MyProvider',
      make: (values) => {
        const honest = reference(new Backend(values));
        return {
          ...honest,
          get: (...asked) => new Promise((done) => setTimeout(() => done(honest.get(...asked)), 3)),
        };
      },
    });
    await claim(claims, /^get returns an entry/).check();
    await claim(claims, /^health returns ok/).check();
  });
});

describe('docs/testing.md', () => {
  it('explains every ability that can be left out, and no other', async () => {
    const page = await readFile('docs/testing.md', 'utf8');
    const [table = ''] = /^\| ability \|[^\n]*\n(?:\|[^\n]*\n)*/m.exec(page) ?? [];
    const explained = [...table.matchAll(/`(\w+)`(?=[^|]*\|[^|]*\|\n)/g)].map(([, name]) => name);
    expect(explained.sort()).toEqual(
      Object.keys(abilities)
        .filter((name) => name !== 'faults')
        .sort(),
    );
    expect(table).toMatch(/`faults` .* all of them/);
  });
});

describe('describeProvider under node:test', () => {
  const run = async (file: string) => {
    const tests = await program(new URL(`./node-test/${file}.ts`, import.meta.url));
    const env = { PATH: process.env.PATH, NODE_ENV: 'test' };
    return await promisify(execFile)(process.execPath, ['--test-reporter=tap', tests], { env });
  };

  it('passes a correct provider, with reasons for skipped sentences', async () => {
    const { stdout } = await run('honest');
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(stdout).toMatch(/^# skipped 1$/m);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(90);
    expect(stdout).toContain('left out, because this backend has no null: keeps null # SKIP');
  });

  it('fails a broken provider in the matching sentence', async () => {
    const { stdout, code } = (await run('broken').catch(
      (error: { stdout: string; code: number }) => error,
    )) as {
      stdout: string;
      code: number;
    };
    expect(code).toBe(1);
    expect(stdout).toMatch(/not ok \d+ - get returns undefined for a key that does not exist/);
  });
});
