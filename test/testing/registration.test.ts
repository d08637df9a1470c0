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
import { Backend, reference, subject } from './reference.ts';

/** A runner that only writes down what is registered. */
function notebook(): { readonly runner: Runner; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (says: string): void => void lines.push(says);
  const runner: Runner = {
    describe: (title, body) => {
      write(`# ${title}`);
      body();
    },
    it: Object.assign(write, { skip: (says: string) => write(`skip ${says}`) }),
  };
  return { runner, lines };
}

const make = (values: Parameters<ProviderSuite['make']>[0]) => subject(values);
const claim = (claims: readonly Claim[], says: RegExp): Claim =>
  claims.find((one) => says.test(one.says)) as Claim;

const without = {
  batch: 'keys are read one by one',
  change: 'nobody else writes to it',
  faults: 'it never fails',
  empty: 'an empty text cannot be stored',
} as const;

describe('describeProvider', () => {
  it('registers a chapter for each ability, with each sentence in it', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyProvider', runner, make });
    expect(lines[0]).toBe('# MyProvider');
    expect(lines.filter((line) => line.startsWith('# '))).toEqual(
      [
        'MyProvider',
        'life',
        'where',
        'read',
        'values',
        'list',
        'batch',
        'write',
        'change',
        'watch',
        'refresh',
        'health',
        'faults',
      ].map((title) => `# ${title}`),
    );
    expect(lines.filter((line) => line.startsWith('skip '))).toEqual([]);
  });

  it('says of each sentence that is left out why it is', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyProvider', runner, make, without });
    const skipped = lines.filter((line) => line.startsWith('skip '));
    expect(skipped).toContain(
      'skip left out, because an empty text cannot be stored: keeps an empty text, which is a value',
    );
    expect(skipped.every((line) => /left out, because \w+/.test(line))).toBe(true);
  });

  it('leaves a whole chapter out in one line', () => {
    const { runner, lines } = notebook();
    describeProvider({ name: 'MyProvider', runner, make, without });
    const at = lines.indexOf('# change');
    expect(lines.slice(at, at + 3)).toEqual([
      '# change',
      'skip left out, because nobody else writes to it',
      '# watch',
    ]);
  });

  it('takes a provider alone, where there is nothing to change or to break', async () => {
    const claims = conformance({ name: 'MyProvider', make: (values) => reference(new Backend(values)) });
    await claim(claims, /^answers a leaf/).check();
  });

  it('uses the describe and it of the runner when it is given none', () => {
    const { runner, lines } = notebook();
    Object.assign(globalThis, runner);
    try {
      describeProvider({ name: 'MyProvider', make });
    } finally {
      for (const name of ['describe', 'it']) Reflect.deleteProperty(globalThis, name);
    }
    expect(lines[0]).toBe('# MyProvider');
  });

  it('says how to give it a runner when there is none', () => {
    expect(() => describeProvider({ name: 'MyProvider', make })).toThrow(
      /import \* as runner from 'node:test'/,
    );
  });

  it('refuses abilities that there are not, and skips without a reason', () => {
    const wrong = (bad: object) => () => conformance({ name: 'MyProvider', make, without: bad });
    expect(wrong({ wacth: 'it is asleep' })).toThrow(/Did you mean watch/);
    expect(wrong({ watch: '' })).toThrow(ConfigError);
    expect(wrong({ watch: true })).toThrow(ConfigError);
  });

  it('fails a sentence whose lever is missing, and says that a reason must be given', async () => {
    const claims = conformance({
      name: 'MyProvider',
      make: (values) => ({ provider: reference(new Backend(values)) }),
    });
    await expect(claim(claims, /^a backend out of reach fails a list/).check()).rejects.toThrow(
      /without: \{ faults: 'because …' \}/,
    );
    await expect(claim(claims, /^shows what has changed/).check()).rejects.toThrow(
      /without: \{ change: 'because …' \}/,
    );
    await expect(claim(claims, /^lists an unreadable key/).check()).rejects.toThrow(
      /without: \{ damage: 'because …' \}/,
    );
  });

  it('fails a sentence whose method is missing, and says that a reason must be given', async () => {
    const bare: ProviderSuite['make'] = (values) => {
      const { name, get, list } = reference(new Backend(values));
      return { provider: { name, get, list } };
    };
    const claims = conformance({ name: 'MyProvider', make: bare });
    await expect(claim(claims, /^loses nothing by a refresh/).check()).rejects.toThrow(
      /without: \{ refresh: 'because …' \}/,
    );
    await expect(claim(claims, /^writes again/).check()).rejects.toThrow(/without: \{ write: 'because …' \}/);
    await expect(claim(claims, /^answers one key asked twice/).check()).rejects.toThrow(
      /without: \{ batch: 'because …' \}/,
    );
    await claim(claims, /^closes, and closes again/).check();
  });

  it('holds a provider to each method that it has, whatever is said to be missing', async () => {
    const claims = conformance({ name: 'MyProvider', make, without });
    await expect(claim(claims, /^has no getMany, because keys are read one by one/).check()).rejects.toThrow(
      /it has getMany/,
    );
    const honest: ProviderSuite['make'] = (values) =>
      ({ ...reference(new Backend(values)), getMany: undefined }) as never;
    await claim(conformance({ name: 'MyProvider', make: honest, without }), /^has no getMany/).check();
  });

  it('clears up after each sentence, also after one that failed', async () => {
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
    await expect(claim(claims, /^answers a leaf/).check()).rejects.toThrow();
    expect(log).toEqual(['closed', 'disposed']);
  });

  it('lets a store of one document list it as a hole where it is denied', async () => {
    const one: ProviderSuite['make'] = (values) =>
      subject(values, (honest) => ({
        list: (prefix, options) =>
          honest.list(prefix, options).catch((error: ConfigError) => {
            if (error.transient) throw error;
            return [{ key: '', error, origin: makeOrigin({ provider: 'reference', source: 'reference' }) }];
          }),
      }));
    for (const { says, check } of conformance({ name: 'MyProvider', make: one }))
      if (says.startsWith('a backend that denies')) await check();
  });

  it('takes a provider that no JSON and no text can be made of', async () => {
    const odd: ProviderSuite['make'] = (values) => {
      const made = Object.assign(Object.create(null), reference(new Backend(values)));
      return { provider: Object.assign(made, { itself: made }) };
    };
    await claim(conformance({ name: 'MyProvider', make: odd }), /^prints no secret that it has read/).check();
  });

  it('waits in real time for a provider that no clock moves', async () => {
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
    await claim(claims, /^answers a leaf/).check();
    await claim(claims, /^is ok when all is well/).check();
  });
});

describe('the page on testing', () => {
  it('explains every ability that can be left out, and no other', async () => {
    const page = await readFile('docs/testing.md', 'utf8');
    const table = page.slice(page.indexOf('| ability | is |'), page.indexOf('`runner` may be left out'));
    const explained = [...table.matchAll(/`(\w+)`(?=[^|]*\|[^|]*\|\n)/g)].map(([, name]) => name);
    expect(explained.sort()).toEqual(
      Object.keys(abilities)
        .filter((name) => name !== 'faults')
        .sort(),
    );
    expect(table).toContain('`faults` stands for all of them');
  });
});

describe('describeProvider under node:test', () => {
  const run = (file: string) =>
    promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--test', '--test-reporter=tap', `test/testing/node-test/${file}.ts`],
      {
        env: { PATH: process.env.PATH, NODE_ENV: 'test' },
      },
    );

  it('passes an honest provider, with its skips and their reasons', async () => {
    const { stdout } = await run('honest');
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(stdout).toMatch(/^# skipped 1$/m);
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(90);
    expect(stdout).toContain(
      'left out, because this backend has no null: keeps null, which is a value # SKIP',
    );
  });

  it('fails a broken one, in the sentence meant for it', async () => {
    const { stdout, code } = (await run('broken').catch(
      (error: { stdout: string; code: number }) => error,
    )) as {
      stdout: string;
      code: number;
    };
    expect(code).toBe(1);
    expect(stdout).toMatch(/not ok \d+ - answers undefined, and nothing else, for what is not there/);
  });
});
