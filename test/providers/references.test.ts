import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type BundleOptions,
  BundleProvider,
  type ConfigError,
  type ConfigEvent,
  EnvProvider,
  isConfigError,
  loadConfig,
} from '../../src/index.ts';
import { folder } from '../support/folder.ts';

/** The values of a file that `keys` names. */
async function valuesOf(
  text: string,
  keys: readonly string[],
  references: BundleOptions['references'] = true,
  name = 'a.yaml',
): Promise<unknown[]> {
  await using files = await folder({ [name]: text });
  const provider = new BundleProvider({ path: files.at(name), references });
  return await Promise.all(keys.map(async (key) => (await provider.get(key))?.value));
}

/** Why a file cannot be read, without its folder. */
async function refused(text: string, references: BundleOptions['references'] = true): Promise<string> {
  await using files = await folder({ 'a.yaml': text });
  const provider = new BundleProvider({ path: files.at('a.yaml'), references });
  return await provider.get('x').then(
    () => 'no error',
    (error: ConfigError) => `${error.code} ${error.message.replaceAll(`${files.path}/`, '')}`,
  );
}

const S = '$' + '{'; // `S}` begins a reference, so that no linter takes the texts for templates

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;

/** The hint of an error. */
const spelling = `Write ${S}key}, ${S}key:default}, or $${S} for a literal ${S}`;

describe('references in a bundle', () => {
  it('are replaced by values of the file, also by those below', async () => {
    const text = lines(
      `url: http://${S}server.host}:${S}server.port}/`,
      `server: { host: h, port: 80, on: true, at: "${S}on}" }`,
      `on: ${S}server.on}`,
    );
    expect(await valuesOf(text, ['url', 'on', 'server.at'])).toEqual(['http://h:80/', true, true]);
  });

  it.each([
    ['a.json', JSON.stringify({ a: `${S}b."x.y"}!`, b: { 'x.y': 1 } })],
    ['a.jsonc', `{ // c\n ${JSON.stringify('a')}: "${S}b.\\"x.y\\"}!", "b": { "x.y": 1 } }`],
    ['a.toml', `a = '${S}b."x.y"}!'\n[b]\n"x.y" = 1\n`],
    ['a.yaml', `a: ${S}b."x.y"}!\nb: { x.y: 1 }\n`],
  ])('work in %s', async (name, text) => {
    expect(await valuesOf(text, ['a'], true, name)).toEqual(['1!']);
  });

  it('keep the type of a value that is one reference', async () => {
    const text = lines(
      'n: 1.5',
      'b: false',
      'l: [1, a]',
      'z: null',
      `rn: ${S}n}`,
      `rb: ${S}b}`,
      `rl: ${S}l}`,
      `rz: ${S}z}`,
      `text: "${S}n} "`,
    );
    expect(await valuesOf(text, ['rn', 'rb', 'rl', 'rz', 'text'])).toEqual([
      1.5,
      false,
      [1, 'a'],
      null,
      '1.5 ',
    ]);
  });

  it('work inside lists and their objects', async () => {
    const text = `h: host\nlist: [ "${S}h}:1", { url: "http://${S}h}" } ]\n`;
    expect(await valuesOf(text, ['list'])).toEqual([['host:1', { url: 'http://host' }]]);
  });

  it('take a default if nothing has the key; an empty value counts as a value', async () => {
    const text = `a: ${S}none:b c:d}\nb: "[${S}none:}]"\nc: "${S}e:x}"\ne: ""\nd: "${S} none : x }"\n`;
    expect(await valuesOf(text, ['a', 'b', 'c', 'd'])).toEqual(['b c:d', '[]', '', ' x ']);
  });

  it('take values of the option first, by name', async () => {
    const values = { HOST: 'h', PORT: 80, 'server.host': 'other', UNSET: undefined, EMPTY: '' };
    const text = lines(
      `a: ${S}HOST}:${S}PORT}`,
      `b: ${S}server.host}`,
      'server: { host: own }',
      `c: ${S}UNSET:d}`,
      `d: "${S}EMPTY:d}"`,
    );
    expect(await valuesOf(text, ['a', 'b', 'c', 'd'], values)).toEqual(['h:80', 'other', 'd', '']);
  });

  it('copy the values of the option at construction, and find no inherited names', async () => {
    await using files = await folder({ 'a.yaml': `a: ${S}A}\nb: ${S}toString:none}\n` });
    const values = { A: 'before' };
    const provider = new BundleProvider({ path: files.at('a.yaml'), references: values });
    values.A = 'after';
    expect((await provider.get('a'))?.value).toBe('before');
    expect((await provider.get('b'))?.value).toBe('none');
  });

  it('leave a text from outside of the file to the schema, as a variable', async () => {
    await using files = await folder({
      'a.yaml': lines(
        `port: ${S}PORT:8080}`,
        `zip: ${S}ZIP:01234}`,
        `on: ${S}ON}`,
        `again: ${S}port}`,
        `in: { n: 1, s: "${S}X:5}" }`,
      ),
    });
    const provider = new BundleProvider({ path: files.at('a.yaml'), references: { ON: 'false' } });
    const schema = z.object({
      port: z.number(),
      zip: z.string(),
      on: z.boolean(),
      again: z.number(),
      in: z.object({ n: z.number(), s: z.number() }),
    });
    const config = await loadConfig(schema, provider);
    expect(config.value).toEqual({ port: 8080, zip: '01234', on: false, again: 8080, in: { n: 1, s: 5 } });
    expect((await provider.get('port'))?.text).toBe(true);
    expect((await provider.get('in.n'))?.text).toBeUndefined();
    // a section is one entry without these texts, and each of them is one
    expect((await provider.list('in')).map(({ key }) => key)).toEqual(['in', 'in.s']);
    expect(String(config.explain('port'))).toContain('was read as a number');
  });

  it('are reported as texts of a file', async () => {
    await using files = await folder({
      'a.yaml': lines(`on: ${S}ON:yes}`, `port: ${S}PORT:}`, `prot: ${S}PROT:1}`),
    });
    const provider = new BundleProvider({ path: files.at('a.yaml'), references: true });
    const schema = z.object({ on: z.boolean(), port: z.number() });
    const error = await loadConfig(schema, provider, { unknown: 'error' }).catch((thrown: unknown) => thrown);
    expect((error as ConfigError).problems).toMatchObject([
      { key: 'on', found: '"yes"', hint: `Change ${files.at('a.yaml')}:1:5 to true or false` },
      { key: 'port', hint: `Give ${files.at('a.yaml')}:2:7 a value, or remove it` },
      { kind: 'unknown', key: 'prot', hint: 'Did you mean "port"?' },
    ]);
  });

  it('write a literal ${ as $${', async () => {
    expect(await valuesOf(`a: $${S}b} and ${S}b}\nb: "$${S}"\nc: $5 $ {x} $$\n`, ['a', 'b', 'c'])).toEqual([
      `${S}b} and ${S}`,
      S,
      '$5 $ {x} $$',
    ]);
  });

  it('do not read a replaced text again', async () => {
    const values = { A: `${S}B}`, B: 'b' };
    expect(await valuesOf(`a: ${S}A}\nb: x${S}a}\n`, ['a', 'b'], values)).toEqual([`${S}B}`, `x${S}B}`]);
  });

  it('keep the origin of the place where they are written', async () => {
    await using files = await folder({ 'a.yaml': `a: 1\nb:\n  c: ${S}a}\n` });
    const entry = await new BundleProvider({ path: files.at('a.yaml'), references: true }).get('b.c');
    expect(String(entry?.origin)).toBe(`${files.at('a.yaml')}:3:6`);
  });

  it('are off by default, and with false', async () => {
    for (const references of [undefined, false]) {
      await using files = await folder({ 'a.yaml': `a: ${S}b}\nb: 1\n` });
      const options = { path: files.at('a.yaml'), ...(references === false && { references }) };
      expect((await new BundleProvider(options).get('a'))?.value).toBe(`${S}b}`);
    }
  });
});

describe('references that cannot be replaced', () => {
  it.each([
    [
      'an unknown key',
      `a: x\nx: ${S}server.prot}\nserver: { port: 1 }\n`,
      `2:4: a reference to "server.prot", which is not set. Did you mean server.port?`,
    ],
    [
      'an unknown key like none',
      `x: ${S}nothing}\n`,
      `1:4: a reference to "nothing", which is not set. Set it, or write ${S}nothing:default}`,
    ],
    [
      'a key of a list',
      `x: ${S}l.0}\nl: [1]\n`,
      `1:4: a reference to "l.0", which is not set. Set it, or write ${S}l.0:default}`,
    ],
    ['itself', `x: ${S}x}\n`, '1:4: "x" refers to itself: x → x. Remove one of the references'],
    [
      'a circle',
      `a: ${S}b}\nb: "-${S}c.d}"\nc: { d: [ "${S}a}" ] }\n`,
      '1:4: "a" refers to itself: a → b → c.d → a. Remove one of the references',
    ],
    [
      'a section',
      `x: ${S}s}\ns: { t: 1 }\n`,
      '1:4: a reference to "s", which is a section. Refer to a value in it',
    ],
    [
      'a list in a text',
      `x: a${S}l}\nl: [1]\n`,
      '1:4: "l" is a list, not a part of a text. Make the reference the whole value',
    ],
    [
      'null in a text',
      `x: a${S}n}\nn: null\n`,
      '1:4: "n" is null, not a part of a text. Make the reference the whole value',
    ],
    [
      'a sealed value',
      `x: ${S}s}\ns: sealed:eyJhbGci\n`,
      '1:4: a reference to "s", which is sealed. Seal the whole value instead',
    ],
    ['an open end', `x: "${S}a"\na: 1\n`, `1:4: a ${S} that does not begin a reference. ${spelling}`],
    [
      'a reference in a default',
      `x: "${S}a:${S}b}}"\n`,
      `1:4: a ${S} that does not begin a reference. ${spelling}`,
    ],
    ['nothing', `x: "${S}}"\n`, `1:4: a ${S} that does not begin a reference. ${spelling}`],
    ['the form of a shell', `x: ${S}a:-b}\n`, `1:4: a default after :-. ${spelling}`],
    ['what is not a key', `x: ${S}a b}\n`, `1:4: "a b" is not a key. ${spelling}`],
    [
      'a name that could reach a prototype',
      `x: ${S}a.__proto__}\na: {}\n`,
      `1:4: "a.__proto__" is not a key. ${spelling}`,
    ],
  ])('%s: the error names the place', async (_, text, message) => {
    expect(await refused(text)).toBe(`parse a.yaml:${message}`);
  });

  it('multiply within bounds', async () => {
    const laughs = [
      'a0: ha',
      ...Array.from({ length: 40 }, (_, i) => `a${i + 1}: "${`${S}a${i}}`.repeat(10)}"`),
    ];
    expect(await refused(`${laughs.join('\n')}\n`)).toContain('expands to more than a million characters');
    const many = [
      `big: ${'b'.repeat(500_000)}`,
      ...Array.from({ length: 30 }, (_, i) => `c${i}: "${S}big}!"`),
    ];
    expect(await refused(`${many.join('\n')}\n`)).toContain('expand to more than ten million characters');
    const deep = ['a0: ha', ...Array.from({ length: 200 }, (_, i) => `a${i + 1}: ${S}a${i}}`)].reverse();
    expect(await refused(`${deep.join('\n')}\n`)).toContain('"a100" is behind a chain of 100 references');
  });

  it('cost little for thousands of braces', async () => {
    const started = performance.now();
    for (const part of [S, '$', `${S}a`, '{', `${S}"`])
      await refused(`x: '${part.repeat(Math.ceil(50_000 / part.length))}'\n`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('keep the last good content, as other faults of a file', async () => {
    await using files = await folder({ 'a.yaml': `a: ${S}b}\nb: 1\n` });
    const provider = new BundleProvider({ path: files.at('a.yaml'), references: true });
    await provider.get('a');
    await files.write({ 'a.yaml': `a: ${S}c}\nb: 2\n` });
    await expect(provider.refresh()).rejects.toMatchObject({ code: 'parse' });
    expect((await provider.get('a'))?.value).toBe(1);
  });

  it('never throw anything but a ConfigError', async () => {
    const piece = fc.constantFrom(
      '$',
      '{',
      '}',
      ':',
      'a',
      'b.c',
      '"',
      '-',
      ' ',
      S,
      `${S}a}`,
      `${S}b.c:x}`,
      '\\',
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    await using files = await folder();
    await fc.assert(
      fc.asyncProperty(text, text, async (a, c) => {
        await files.write({ 'a.json': JSON.stringify({ a, b: { c } }) });
        const provider = new BundleProvider({ path: files.at('a.json'), references: true });
        const outcome = await provider.list().catch((error: unknown) => error);
        expect(Array.isArray(outcome) || isConfigError(outcome)).toBe(true);
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 40) },
    );
  });
});

describe('references and secrets', () => {
  const secret = 'fake-tr0ub4dor';

  it('make a value secret if a part of it is', async () => {
    await using files = await folder({
      'a.yaml': [
        `db: { password: ${secret}, host: h }`,
        `plain: ${S}db.host}`,
        `whole: ${S}db.password}`,
        `part: "a ${S}db.password} b"`,
        `twice: ${S}part}`,
        `list: [ "${S}db.password}" ]`,
        `given: ${S}API_TOKEN}`,
        `made: "${S}scheme}://me:${S}pw1}@h"`,
        'scheme: http',
        'pw1: abc',
      ].join('\n'),
    });
    const provider = new BundleProvider({ path: files.at('a.yaml'), references: { API_TOKEN: secret } });
    const secrecy = async (key: string): Promise<unknown> => (await provider.get(key))?.secret;
    expect(await secrecy('plain')).toBe(false);
    for (const key of ['whole', 'part', 'twice', 'list', 'given', 'made'])
      expect(await secrecy(key), key).toBe(true);
    const schema = z.looseObject({ whole: z.number(), part: z.number(), list: z.array(z.number()) });
    const error = await loadConfig(schema, provider).catch((thrown: ConfigError) => thrown);
    expect((error as ConfigError).problems).toHaveLength(3);
    expect(`${(error as ConfigError).message} ${JSON.stringify(error)}`).not.toContain(secret);
    const all = await loadConfig(provider);
    expect(JSON.stringify(all)).not.toContain(secret);
  });

  it('are not quoted beside a secret, and are quoted as they are written', async () => {
    await using files = await folder({
      'a.yaml': `db: { password: ${secret} }\nport: x${S}db.password}\ncount: ${S}word}\nword: many\n`,
    });
    const provider = new BundleProvider({ path: files.at('a.yaml'), references: true });
    const schema = z.looseObject({ port: z.number(), count: z.number() });
    const error = (await loadConfig(schema, provider).catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error.message).toContain(`3 | count: ${S}word}\n`);
    expect(error.message).not.toContain(`x${S}`);
  });

  it('show no text in an error', async () => {
    for (const text of [`x: "${secret} ${S}a"\n`, `x: "${secret} ${S}none}"\n`, `x: ${S}a:-${secret}}\n`])
      expect(await refused(text)).not.toContain(secret);
  });
});

describe('a text that looks like a reference', () => {
  const events = async (text: string, references?: BundleOptions['references']): Promise<ConfigEvent[]> => {
    await using files = await folder({ 'a.yaml': text });
    const found: ConfigEvent[] = [];
    const options = { path: files.at('a.yaml'), ...(references !== undefined && { references }) };
    const config = await loadConfig(new BundleProvider(options), { on: (event) => found.push(event) });
    await config.reload();
    return found.filter(({ type }) => type === 'notice');
  };

  it('is mentioned once for each file while the option is not set, without its content', async () => {
    const [notice, ...others] = await events(`a: "fake-pw ${S}b}"\nb: 1\nc: ${S}b:1}\n`);
    expect(others).toEqual([]);
    expect(notice).toMatchObject({
      key: 'a',
      message: expect.stringMatching(
        /^"a" \(.*a\.yaml:1:4\) has a reference that is not replaced\. Set references: true of/,
      ),
    });
    expect(JSON.stringify(notice)).not.toContain('fake-pw');
  });

  it('is a warning of the process without a listener', async () => {
    await using files = await folder({ 'a.yaml': `a: ${S}b}\nb: 1\n` });
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      await loadConfig(new BundleProvider(files.at('a.yaml')));
      expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
        expect.stringContaining('has a reference that is not replaced'),
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  it('is not mentioned with the option, true or false, nor in other sources and other texts', async () => {
    expect(await events(`a: ${S}b}\nb: 1\n`, true)).toEqual([]);
    expect(await events(`a: ${S}b}\nb: 1\n`, false)).toEqual([]);
    expect(await events(`a: "$5 {x} $ {b} ${S} } ${S}a b}"\n`)).toEqual([]);
    const found: ConfigEvent[] = [];
    await loadConfig(new EnvProvider({ prefix: 'APP', env: { APP__A: `${S}B}` } }), {
      on: (event) => found.push(event),
    });
    expect(found.filter(({ type }) => type === 'notice')).toEqual([]);
  });
});

describe('the option references', () => {
  it.each([['yes'], [1], [null], [{ A: null }], [{ A: [] }], [{ A: { b: 1 } }]])(
    '%j is refused',
    (references) => {
      expect(() => new BundleProvider({ path: 'a.yaml', references: references as never })).toThrow(
        'the option references must be true or false or an object, each value a text, a number or a boolean',
      );
    },
  );
});
