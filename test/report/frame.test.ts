import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  BundleProvider,
  type ConfigError,
  type ConfigProvider,
  checkConfig,
  DotEnvProvider,
  EnvProvider,
  loadConfig,
  type StandardSchemaV1,
} from '../../src/index.ts';
import { folder } from '../support/folder.ts';

const failed = async (
  schema: StandardSchemaV1,
  source: ConfigProvider | ConfigProvider[],
): Promise<ConfigError> => {
  const outcome = await loadConfig(schema, source).then(
    () => undefined,
    (error: ConfigError) => error,
  );
  if (!outcome) throw new Error('the configuration is valid');
  return outcome;
};

/** The frames of a report, without its other lines. */
const framesIn = (report: string): string[] =>
  report.split('\n').flatMap((line) => /^ {14}( *\d* \| .*)$/.exec(line)?.[1] ?? []);

/** The frames for a file that has a wrong value. */
async function framesOf(
  name: string,
  text: string,
  schema: StandardSchemaV1,
  above: readonly ConfigProvider[] = [],
): Promise<string[]> {
  await using files = await folder({ [name]: text });
  const own = name.startsWith('.env')
    ? new DotEnvProvider({ directory: files.path, files: [name], expand: true })
    : new BundleProvider(files.at(name));
  return framesIn((await failed(schema, [...above, own])).message);
}

const port = z.object({ server: z.object({ port: z.number() }) });
const open = z.looseObject({ port: z.number() });

describe('a code frame in a report', () => {
  it('shows the line of YAML with a caret below the value', async () => {
    expect(await framesOf('a.yaml', 'server:\n  host: a\n  port: eighty\n', port)).toEqual([
      '3 | port: eighty',
      '  |       ^',
    ]);
  });

  it('shows the line of JSON, JSON with comments and TOML', async () => {
    expect(await framesOf('a.json', '{\n  "server": { "port": "eighty" }\n}', port)).toEqual([
      '2 | "server": { "port": "eighty" }',
      '  |                     ^',
    ]);
    expect(await framesOf('a.jsonc', '{ // one\n  "server": {\n "port": "eighty" }\n}', port)).toEqual([
      '3 | "port": "eighty" }',
      '  |         ^',
    ]);
    expect(await framesOf('a.toml', '[server]\nport = "eighty"\n', port)).toEqual([
      '2 | port = "eighty"',
      '  |        ^',
    ]);
  });

  it('shows the line of a .env file with the caret below the value, not below the name', async () => {
    expect(await framesOf('.env', '# one\r\nexport PORT = eighty\r\n', open)).toEqual([
      '2 | export PORT = eighty',
      '  |               ^',
    ]);
  });

  it('follows the place in the report of loadConfig and of checkConfig', async () => {
    await using files = await folder({ 'a.yaml': 'port: eighty\n' });
    const source = new BundleProvider({ path: files.at('a.yaml'), name: 'a' });
    const expected = [
      `    in        ${files.at('a.yaml')}:1:7`,
      '              1 | port: eighty',
      '                |       ^',
      '    to do ',
    ].join('\n');
    expect((await failed(open, source)).message).toContain(expected);
    expect(String(await checkConfig(open, source))).toContain(expected);
  });

  it('is not part of the problems as data', async () => {
    await using files = await folder({ 'a.yaml': 'port: eighty # a comment\n' });
    const error = await failed(open, new BundleProvider(files.at('a.yaml')));
    expect(error.message).toContain('a comment');
    expect(JSON.stringify(error.problems)).not.toContain('a comment');
  });

  it('shows the text that was read, not the file as it is now', async () => {
    await using files = await folder({ 'a.yaml': 'port: eighty\n' });
    const source = new BundleProvider(files.at('a.yaml'));
    await source.get('port');
    await files.write({ 'a.yaml': 'other: text\nmore: text\n' });
    expect(framesIn((await failed(open, source)).message)[0]).toBe('1 | port: eighty');
  });

  it('shows the line of an item of a list', async () => {
    const schema = z.object({ list: z.array(z.object({ port: z.number() })) });
    expect(await framesOf('a.yaml', 'list:\n  - port: 1\n  - port: x\n', schema)).toEqual([
      '3 | - port: x',
      '  |         ^',
    ]);
  });

  it('is missing where no file has the value', async () => {
    const report = (await failed(open, new EnvProvider({ env: { PORT: 'eighty' } }))).message;
    expect(framesIn(report)).toEqual([]);
    expect(report).toContain('"eighty"');
  });

  it('is missing for a file that cannot be parsed: nothing is known about its secrets', async () => {
    expect(await framesOf('a.json', '{ "port": 1,, }', open)).toEqual([]);
  });
});

describe('a code frame and its layout', () => {
  it('cuts a long line around the caret', async () => {
    const [line = '', caret = ''] = await framesOf(
      'a.json',
      `{ "before": "${'b'.repeat(200)}", "port": "eighty", "after": "${'a'.repeat(200)}" }`,
      open,
    );
    expect(line).toMatch(/^1 \| …b+", "port": "eighty", "after": "a+…$/);
    expect(line.length).toBe(4 + 76);
    expect(line.slice(caret.indexOf('^')).startsWith('"eighty"')).toBe(true);
  });

  it('shows no part of a line of more than 5,000 characters', async () => {
    expect(await framesOf('a.json', `{ "port": "eighty", "a": "${'a'.repeat(5_000)}" }`, open)).toEqual([]);
  });

  it('puts the caret right behind tabs, wide characters and emoji', async () => {
    const before = '{ "a":\t"東京 👩‍👩‍👧 é", "port": ';
    const [line = '', caret] = await framesOf('a.json', `${before}"eighty" }`, open);
    expect(line).toBe('1 | { "a":  "東京 👩‍👩‍👧 é", "port": "eighty" }');
    // three pictures have two columns each
    expect(caret).toBe(`  | ${' '.repeat('{ "a":  "XXXX XX e", "port": '.length)}^`);
  });

  it('prints escapes for characters that move the cursor or reverse the line', async () => {
    const [line = '', caret = ''] = await framesOf(
      'a.yaml',
      'a: "\u202e\u200b\u2066"\nx: [1, "\u202e\u061c\u200b"]\nport: "\u202e\u0085\u200d9"\n',
      open,
    );
    expect(line).toBe('3 | port: "\\u202e\\u0085\\u200d9"');
    expect(caret.indexOf('^')).toBe(line.indexOf('"'));
  });

  it('survives every line and every place in it', async () => {
    const text = fc.stringMatching(/^[^\r\n"\\\u0000-\u001f\u2028\u2029\ufeff]{0,90}$/);
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat(20), async (first, second, tabs) => {
        const json = `{${'\t'.repeat(tabs)}"a": "${first}", "port": "${second}"}`;
        const [line, caret] = await framesOf('a.json', json, open);
        if (line === undefined) return;
        expect(line.length).toBeLessThan(4 + 76 * 12);
        expect(caret).toMatch(/^ {2}\| {1,52}\^$/);
        expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 15) },
    );
  });
});

describe('a code frame and secrets', () => {
  const s = 'tr0ub4dor-fake';
  const cases: readonly (readonly [what: string, name: string, text: string, schema?: StandardSchemaV1])[] = [
    ['a secret on the same line of JSON', 'a.json', `{ "password": "${s}", "port": "x" }`],
    ['a secret after the value', 'a.json', `{ "port": "x", "password": "${s}" }`],
    ['a flow mapping of YAML', 'a.yaml', `db: { password: ${s} }\nserver: { port: x, apiKey: ${s} }\n`, port],
    ['an inline table of TOML', 'a.toml', `server = { port = "x", apiKey = "${s}" }\n`, port],
    ['a secret that ends on the line', 'a.yaml', `{ password: first\n  ${s}, port: x }\n`],
    ['a quoted secret that ends on the line', 'a.yaml', `{ password: "first\n  ${s}", port: x }\n`],
    ['a list of secrets', 'a.yaml', `{ apiKeys: [ a,\n  ${s} ], port: x }\n`],
    ['a comment that names a secret', 'a.yaml', `port: x # the password was ${s}\n`],
    ['a comment with a secret of the file', 'a.yaml', `password: ${s}\nport: x # before ${s}\n`],
    [
      'a comment with a reversed secret',
      'a.yaml',
      `password: ${s}\nport: x # ${[...s].reverse().join('')}\n`,
    ],
    ['a comment of JSON', 'a.jsonc', `{ "password": "${s}",\n  "port": "x" /* ${s} */ }`],
    ['an anchor with a secret', 'a.yaml', `{ other: &a ${s}, port: x, more: { password: *a } }\n`],
    ['a URL with a password', 'a.yaml', `port: http://me:${s}@host\n`],
    ['a key of a service', 'a.yaml', 'port: [ghp_0123456789abcdefABCDEF0123456789abcd]\n'],
    ['a reference to a secret', '.env', `DB_PASSWORD=${s}\nPORT=a-\${DB_PASSWORD}\n`],
    ['two references, one to a secret', '.env', `A=a\nPW=${s}\nPORT=\${A}\${PW}\n`],
    ['a default beside the name of a secret', '.env', `PORT=x\${DB_PASSWORD:-${s}}\n`],
  ];

  it.each(cases.map(([what, name, text, schema = open]) => ({ what, name, text, schema })))(
    'is left out beside $what',
    async ({ name, text, schema }) => {
      await using files = await folder({ [name]: text });
      const own = name.startsWith('.env')
        ? new DotEnvProvider({ directory: files.path, files: [name], expand: true })
        : new BundleProvider(files.at(name));
      const { message } = await failed(schema, own);
      expect(framesIn(message)).toEqual([]);
      expect(message).not.toContain(s);
    },
  );

  it('is left out beside a value that the schema marks as secret, also if it is overridden', async () => {
    const schema = z.object({
      id: z.string().meta({ 'x-secret': true }),
      port: z.number(),
    });
    const text = `{ "id": "${s}", "port": "x" }`;
    expect(await framesOf('a.json', text, schema)).toEqual([]);
    expect(await framesOf('a.json', text, schema, [new EnvProvider({ env: { ID: 'other' } })])).toEqual([]);
  });

  it('is left out beside a secret outside of the section that is loaded', async () => {
    await using files = await folder({
      'a.json': `{ "db": { "password": "${s}" }, "app": { "port": "x" } }`,
    });
    const error = await loadConfig(open, new BundleProvider(files.at('a.json')), { at: 'app' }).then(
      () => undefined,
      (thrown: ConfigError) => thrown,
    );
    expect(error?.message).toContain('found     "x"');
    expect(framesIn(error?.message ?? '')).toEqual([]);
  });

  it('is left out beside a value whose name is in the option sensitive', async () => {
    await using files = await folder({ 'a.json': `{ "partner": "${s}", "port": "x" }` });
    const error = await failed(
      open,
      new BundleProvider({ path: files.at('a.json'), sensitive: ['partner'] }),
    );
    expect(framesIn(error.message)).toEqual([]);
  });

  it('is shown for the lines around a secret, also around a block of text', async () => {
    const text = `password: |\n  first\n  second\nport: x\ntoken: >-\n  last\n`;
    expect((await framesOf('a.yaml', text, open))[0]).toBe('4 | port: x');
    const json = `{\n  "password": "${s}",\n  "port": "x",\n  "apiKey": "${s}"\n}`;
    expect((await framesOf('a.json', json, open))[0]).toBe('3 | "port": "x",');
  });

  it('works with every schema library', async () => {
    const schema = v.looseObject({ port: v.number() });
    expect((await framesOf('a.yaml', 'port: x\n', schema))[0]).toBe('1 | port: x');
  });

  it('shows no secret of random files in four formats', async () => {
    const names = ['password', 'apiKey', 'dbUrl', 'note', 'title', 'region'];
    const value = fc.oneof(
      fc.stringMatching(/^[a-z]{3,9} [a-z]{3,9}$/),
      fc.stringMatching(/^https:\/\/[a-z]{8}\.example$/),
      fc.integer({ min: 10_000, max: 99_999_999 }),
    );
    const marked = fc.stringMatching(/^fake[a-z0-9]{10}$/);
    const tree = fc.array(fc.tuple(fc.constantFrom(...names), value, marked), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.constantFrom('json', 'yaml', 'toml', 'env'),
        fc.boolean(),
        async (all, format, oneLine) => {
          const secrets: string[] = [];
          const members = new Map<string, unknown>();
          for (const [name, plain, secret] of all) {
            const isSecret = ['password', 'apiKey', 'dbUrl'].includes(name);
            const text = name === 'dbUrl' ? `postgres://me:${secret}@db` : secret;
            if (isSecret && !members.has(name)) secrets.push(secret);
            if (!members.has(name)) members.set(name, isSecret ? text : plain);
          }
          members.set('port', 'x');
          const written = {
            json: () => JSON.stringify(Object.fromEntries(members), null, oneLine ? 0 : 2),
            yaml: () =>
              oneLine
                ? `{ ${[...members].map(([name, one]) => `${name}: ${JSON.stringify(one)}`).join(', ')} }`
                : [...members].map(([name, one]) => `${name}: |-\n  ${one}`).join('\n'),
            toml: () => [...members].map(([name, one]) => `${name} = ${JSON.stringify(one)}`).join('\n'),
            env: () => [...members].map(([name, one]) => `${name.toUpperCase()}="${one}"`).join('\n'),
          }[format]();
          const name = format === 'env' ? '.env' : `a.${format}`;
          await using files = await folder({ [name]: written });
          const own =
            format === 'env'
              ? new DotEnvProvider({ directory: files.path, files: [name] })
              : new BundleProvider(files.at(name));
          const schema = z.looseObject({ port: z.number(), title: z.boolean().optional() });
          const { message } = await failed(schema, own);
          for (const secret of secrets) expect(message).not.toContain(secret);
        },
      ),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 15) },
    );
  });
});
