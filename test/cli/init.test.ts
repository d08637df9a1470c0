import { existsSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const fake = 'fake-Zq83-not-real';

/** The module of a new project, with imports that lead to the sources. */
const onSources = (text: string, folder: string) =>
  text
    .replace("'config/base.yaml'", `'${folder}/config/base.yaml'`)
    .replace('DotEnvProvider({', `DotEnvProvider({ directory: '${folder}',`)
    .replace("'zod'", `'${import.meta.resolve('zod')}'`)
    .replace("'llm-config-manager'", `'${source}index.ts'`);

describe('llm-config init', () => {
  it.each([
    ['config.ts', []],
    ['config.mjs', ['--js']],
  ] as const)('writes %s and files that work at once', async (module, flags) => {
    await using box = await sandbox();
    const { code, out, err } = await llmConfig(['init', ...flags], { cwd: box.directory });
    expect([code, out]).toEqual([0, `${module}\nconfig/base.yaml\n.env.example\n.gitignore\n`]);
    expect(err).toMatch(/^run: npm install llm-config-manager zod(?: tsx)?\nthen: npx llm-config check\n$/);
    expect(err.includes('tsx')).toBe(module === 'config.ts' && !('typescript' in process.features));
    expect(readFileSync(box.path('.gitignore'), 'utf8')).toBe('.env\n.env.*\n!.env.example\n');
    await box.write({ [module]: onSources(readFileSync(box.path(module), 'utf8'), box.directory) });
    const options = { cwd: box.directory };
    const checked = await llmConfig(['check'], options);
    expect([checked.code, checked.err]).toEqual([0, '']);
    expect(checked.out).toContain('The configuration is valid.');
    expect((await llmConfig(['unused'], options)).out).toBe('Everything is read.\n');
    const example = readFileSync(box.path('.env.example'), 'utf8');
    expect((await llmConfig(['env-example'], options)).out).toBe(example);
    const filled = example.replace('PORT=', 'PORT=9').replace('API_URL=', 'API_URL=https://x.example');
    await box.write({ '.env': filled.replace('# APP_API_TOKEN=', `APP_API_TOKEN=${fake}`) });
    const second = module.replace('config', 'second'); // the first is imported only once
    await box.write({ [second]: readFileSync(box.path(module), 'utf8') });
    const fromEnv = await llmConfig(['check', second], options);
    expect([fromEnv.code, fromEnv.out.includes(fake)]).toEqual([0, false]);
    expect(fromEnv.out).toMatch(/server\.port +9 +\S*\.env:3:1\n[\s\S]*api\.token +\[redacted\] +\S*\.env:/);
  });

  it('takes the prefix of the variables', async () => {
    await using box = await sandbox();
    await llmConfig(['init', '--prefix', 'MY_SHOP'], { cwd: box.directory });
    expect(readFileSync(box.path('.env.example'), 'utf8')).toContain('\nMY_SHOP_SERVER_PORT=\n');
    expect(readFileSync(box.path('config.ts'), 'utf8')).toContain("new EnvProvider({ prefix: 'MY_SHOP' })");
    for (const prefix of ['shop', "A' + 1", 'A_', ''])
      expect((await llmConfig(['init', '--prefix', prefix], { cwd: box.directory })).code).toBe(2);
  });

  it('names no package that is installed, and keeps a .gitignore that has all lines', async () => {
    const installed = ['llm-config-manager', 'zod', 'tsx'].map((name) => [
      `node_modules/${name}/index.js`,
      '',
    ]);
    const ignored = '!.env.example\n.env.*\n.env';
    await using box = await sandbox({ files: { ...Object.fromEntries(installed), '.gitignore': ignored } });
    const { code, err } = await llmConfig(['init'], { cwd: box.directory });
    expect([code, err.includes('npm install')]).toEqual([0, false]);
    expect(err).toContain('already there and unchanged: .gitignore\n');
    expect(readFileSync(box.path('.gitignore'), 'utf8')).toBe(ignored);
  });

  it('never replaces a file, nor follows a link', async () => {
    await using box = await sandbox({ files: { '.env.example': 'own', '.gitignore': 'dist\n.env' } });
    await symlink(box.path('elsewhere.yaml'), box.path('base'));
    await box.write({ 'config/.keep': '' });
    await symlink(box.path('elsewhere.yaml'), box.path('config/base.yaml'));
    const options = { cwd: box.directory };
    const { code, out, err } = await llmConfig(['init'], options);
    expect([code, out]).toEqual([0, 'config.ts\n.gitignore\n']);
    expect(err).toContain('already there and unchanged: config/base.yaml, .env.example\n');
    expect(readFileSync(box.path('.env.example'), 'utf8')).toBe('own');
    expect(readFileSync(box.path('.gitignore'), 'utf8')).toBe('dist\n.env\n.env.*\n!.env.example\n');
    expect(existsSync(box.path('elsewhere.yaml'))).toBe(false);
    for (const module of ['config.ts', 'config.cjs']) {
      await using other = await sandbox({ files: { [module]: 'own' } });
      const again = await llmConfig(['init', '--js'], { cwd: other.directory });
      expect([again.code, again.out]).toEqual([3, '']);
      expect(again.err).toContain(`the file ${module} exists already`);
      expect(existsSync(other.path('config'))).toBe(false);
    }
  });

  it('prints what it has written as JSON, and fails where it cannot write', async () => {
    await using box = await sandbox();
    const { out } = await llmConfig(['init', '--json'], { cwd: box.directory });
    expect(JSON.parse(out)).toMatchObject({
      written: ['config.ts', 'config/base.yaml', '.env.example', '.gitignore'],
      kept: [],
    });
    await using blocked = await sandbox({ files: { config: 'a file' } });
    const failed = await llmConfig(['init'], { cwd: blocked.directory });
    expect([failed.code, failed.err]).toEqual([3, expect.stringMatching(/^error: .*config/)]);
  });
});

describe('llm-config init --framework', () => {
  const example = (file: string): string =>
    readFileSync(new URL(`../../examples/${file}`, import.meta.url), 'utf8')
      .replace(/^\/\/ #(?:end)?region.*\n/gm, '')
      .replace("'./config.ts'", "'./config'");
  const unchanged = (text: string): string => text.replace("'./config.ts'", "'./config'");

  it.each([
    ['nest', 'src/', { 'app-config.ts': 'nestjs' }, 'src/app.module.ts'],
    ['fastify', '', { 'app.ts': 'fastify' }, undefined],
    [
      'next',
      '',
      {
        'app-config.ts': 'applications/nextjs',
        'instrumentation.ts': 'applications/nextjs',
        'instrumentation-node.ts': 'applications/nextjs',
      },
      'next.config.ts',
    ],
  ])('writes the files of the example of %s', async (framework, at, files, edited) => {
    await using box = await sandbox();
    const { code, out, err } = await llmConfig(['init', '--framework', framework], { cwd: box.directory });
    const names = Object.keys(files).map((name) => at + name);
    const all = [`${at}config.ts`, 'config/base.yaml', '.env.example', ...names, '.gitignore'];
    expect([code, out]).toEqual([0, `${all.join('\n')}\n`]);
    expect(err.includes('\nin ')).toBe(edited !== undefined);
    expect(err).toContain(edited ?? 'npm install llm-config-manager zod');
    for (const [name, folder] of Object.entries(files))
      expect(unchanged(readFileSync(box.path(at + name), 'utf8'))).toBe(example(`${folder}/${name}`));
  });

  it('writes beside the pages of Next.js, where commands find the module', async () => {
    await using box = await sandbox({ files: { 'src/app/page.tsx': '' } });
    const { out } = await llmConfig(['init', '--framework', 'next'], { cwd: box.directory });
    expect(out).toContain('src/config.ts\n');
    expect(out).toContain('src/instrumentation.ts\n');
    await box.write({
      'src/config.ts': onSources(readFileSync(box.path('src/config.ts'), 'utf8'), box.directory),
    });
    expect(await llmConfig(['check'], { cwd: box.directory })).toMatchObject({ code: 0, err: '' });
  });

  it('refuses a framework that it does not know, and JavaScript', async () => {
    await using box = await sandbox();
    for (const flags of [
      ['--framework', 'toString'],
      ['--framework', 'next', '--js'],
    ]) {
      const { code, err } = await llmConfig(['init', ...flags], { cwd: box.directory });
      expect([code, err]).toEqual([2, expect.stringMatching(/--framework (?:must be one of nest|writes)/)]);
    }
    expect(existsSync(box.path('config'))).toBe(false);
  });
});

const modules = (text: string) => {
  const names = ['ProviderChain', 'EnvProvider', 'DotEnvProvider', 'MemoryProvider'];
  const head = `import { ${names.join(', ')} } from '${source}index.ts';`;
  const libraries = ['zod', 'valibot', 'arktype'].map(
    (name) => `import * as ${name} from '${import.meta.resolve(name)}';`,
  );
  return sandbox({ files: { 'config.mjs': `${head}\n${libraries.join('\n')}\n${text}` } });
};

describe('llm-config env-example', () => {
  const db = 'zod.object({ url: zod.url(), poolMax: zod.number().default(9) })';
  const schema = `export const schema = zod.object({ db: ${db} });`;
  const variables = (text: string) => text.match(/^(?:# )?[\w.]+=.*$/gm);

  it.each([
    ["new EnvProvider({ prefix: 'APP' })", ['APP_DB_URL=', '# APP_DB_POOL_MAX=9']],
    ['new EnvProvider()', ['DB_URL=', '# DB_POOL_MAX=9']],
    ["new DotEnvProvider({ prefix: 'A_B' })", ['A_B_DB_URL=', '# A_B_DB_POOL_MAX=9']],
    ["new EnvProvider({ prefix: 'X', separator: '.' })", ['X.DB.URL=', '# X.DB.POOL_MAX=9']],
    [
      "new EnvProvider({ prefix: 'APP', variables: { 'db.url': 'DATABASE_URL' } })",
      ['DATABASE_URL=', '# APP_DB_POOL_MAX=9'],
    ],
    ['new MemoryProvider({})', ['DB_URL=', '# DB_POOL_MAX=9']],
    [
      "new MemoryProvider({}), new EnvProvider({ prefix: 'LATER' })",
      ['LATER_DB_URL=', '# LATER_DB_POOL_MAX=9'],
    ],
  ])('has the names that %s reads', async (providers, expected) => {
    await using box = await modules(`export default new ProviderChain([${providers}]); ${schema}`);
    const { code, out, err } = await llmConfig(['env-example', box.path('config.mjs')]);
    expect([code, err, variables(out)]).toEqual([0, '', expected]);
  });

  it('has exact names where a conventional one can mean two keys', async () => {
    const two = 'zod.object({ apiKey: zod.string(), api: zod.object({ key: zod.string() }) })';
    await using box = await modules(
      `export default new EnvProvider({ prefix: 'APP' }); export const schema = ${two};`,
    );
    const { out } = await llmConfig(['env-example', box.path('config.mjs')]);
    expect(variables(out)).toEqual(['APP__API_KEY=', 'APP__API__KEY=']);
  });

  it('takes a prefix, and writes a file only if there is none', async () => {
    await using box = await modules(`export default new EnvProvider(); ${schema}`);
    const file = box.path('config.mjs');
    const out = (...more: string[]) =>
      llmConfig(['env-example', file, '--prefix', 'P', '--out', 'a.env', ...more], { cwd: box.directory });
    expect(await out()).toEqual({ code: 0, out: 'a.env\n', err: '' });
    expect(variables(readFileSync(box.path('a.env'), 'utf8'))).toEqual(['P_DB_URL=', '# P_DB_POOL_MAX=9']);
    expect(await out()).toMatchObject({ code: 3, err: expect.stringContaining('a.env exists already') });
    expect((await out('--force')).code).toBe(0);
    expect((await llmConfig(['env-example', fileURLToPath(import.meta.url)])).code).toBe(3);
  });
});

describe('llm-config json-schema', () => {
  /** A part of an intersection, which does not exclude the names of the others. */
  const open = (name: string) => ({ type: 'object', properties: { [name]: { type: 'string' } } });
  const inZod = [
    'zod.object({',
    "  port: zod.number().int().max(9).describe('Where it listens'),",
    "  apiKey: zod.string().default('fake-Zq83-not-real'),",
    "  mode: zod.enum(['a', 'b']).default('a'),",
    '  since: zod.coerce.date().optional(),',
    '  size: zod.bigint().optional(),',
    '  tags: zod.record(zod.string(), zod.object({ x: zod.number() })).optional(),',
    '})',
  ].join('\n');
  const inValibot = [
    'valibot.object({',
    '  port: valibot.pipe(valibot.number(), valibot.integer()),',
    "  apiKey: valibot.optional(valibot.string(), 'fake-Zq83-not-real'),",
    '  list: valibot.optional(valibot.array(valibot.string())),',
    '  more: valibot.optional(valibot.record(valibot.string(), valibot.boolean())),',
    '  size: valibot.optional(valibot.union([valibot.number(), valibot.string()]), 1),',
    '  pair: valibot.optional(valibot.tuple([valibot.string(), valibot.number()])),',
    "  open: valibot.optional(valibot.pipe(valibot.looseObject({}), valibot.description('Anything'))),",
    '})',
  ].join('\n');
  const schemaOf = async (schema: string) => {
    await using box = await modules(
      `export default new MemoryProvider({}); export const schema = ${schema};`,
    );
    const { code, out, err } = await llmConfig(['json-schema', box.path('config.mjs')]);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain(fake);
    expect(out).not.toMatch(/x-(?!secret)/);
    return JSON.parse(out);
  };

  it('describes the files of a zod schema, without what is required and without secrets', async () => {
    const { $schema, properties, ...top } = await schemaOf(inZod);
    expect($schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(top).toEqual({ type: 'object', additionalProperties: false });
    expect(properties.port).toMatchObject({ type: 'integer', maximum: 9, description: 'Where it listens' });
    expect(properties.apiKey).toEqual({ type: 'string' });
    expect(properties.mode).toEqual({ type: 'string', enum: ['a', 'b'], default: 'a' });
    expect(properties.since).toEqual({ type: 'string' });
    expect(properties.size).toEqual({ type: ['integer', 'string'] });
    expect(properties.tags.additionalProperties).toEqual({
      type: 'object',
      properties: { x: { type: 'number' } },
      additionalProperties: false,
    });
  });

  it('has no default with a secret inside', async () => {
    const section = 'zod.object({ password: zod.string(), host: zod.string() })';
    const marked = "zod.object({ code: zod.string().meta({ 'x-secret': true }) })";
    const { properties } = await schemaOf(
      [
        'zod.object({',
        `  db: ${section}.default({ password: '${fake}', host: 'a' }),`,
        `  door: ${marked}.default({ code: '${fake}' }),`,
        `  url: zod.string().default('https://a:${fake}@b/'),`,
        "  at: zod.object({ host: zod.string() }).default({ host: 'a' }),",
        '})',
      ].join('\n'),
    );
    expect([properties.db, properties.door, properties.url].some((one) => 'default' in one)).toBe(false);
    expect(properties.at.default).toEqual({ host: 'a' });
  });

  it('leaves a part of an intersection open for the names of the others', async () => {
    const closed = (name: string) => ({ ...open(name), required: [name], additionalProperties: false });
    const document = { type: 'object', properties: { i: { allOf: [closed('a'), closed('b')] } } };
    const described = `{ input: () => (${JSON.stringify(document)}) }`;
    const validate = '(value) => ({ value })';
    const standard = `{ version: 1, vendor: 'own', validate: ${validate}, jsonSchema: ${described} }`;
    const { properties } = await schemaOf(`{ '~standard': ${standard} }`);
    expect(properties.i).toEqual({ allOf: [open('a'), open('b')] });
  });

  it('describes the files of a valibot schema', async () => {
    const text = { type: 'string', description: 'a string' };
    expect(await schemaOf(inValibot)).toEqual({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: {
        port: { type: 'integer', description: 'a whole number' },
        apiKey: text,
        list: { type: 'array', description: 'a list, each item a string', items: text },
        more: { type: 'object', additionalProperties: { type: 'boolean', description: 'true or false' } },
        size: { type: ['number', 'string'], description: 'a number or a string', default: 1 },
        pair: {
          type: 'array',
          description: 'a list',
          items: [text, { type: 'number', description: 'a number' }],
        },
        open: { type: 'object', description: 'Anything', additionalProperties: {} },
      },
      additionalProperties: false,
    });
  });

  it('describes the files of an arktype schema', async () => {
    const { properties } = await schemaOf("arktype.type({ port: 'number', 'name?': 'string' })");
    expect(properties).toEqual({ port: { type: 'number' }, name: { type: 'string' } });
  });
});
