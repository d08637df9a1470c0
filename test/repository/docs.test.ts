import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { pages } from '../../scripts/blocks.ts';
import { applications, examples } from '../../scripts/examples.ts';
import { filesIn, read } from '../../scripts/files.ts';
import { openSets, root, source, subpaths } from '../../scripts/folders.ts';
import { type Option, OptionsReader } from '../../scripts/options.ts';
import { ProviderChain } from '../../src/chain/chain.ts';
import { commands } from '../../src/cli/commands.ts';
import { errorCodes } from '../../src/errors.ts';
import { type ConfigEvent, logTo } from '../../src/events.ts';
import { ArgvProvider } from '../../src/providers/argv.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider } from '../../src/providers/aws/index.ts';
import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { KeyringProvider } from '../../src/providers/keyring/index.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { settingsOf } from '../../src/shelter/options.ts';

const all = pages();

describe('README and docs', () => {
  it('every code block is cut from examples/ and every table of options from the source', () => {
    const problems = all.flatMap(({ blocks }) =>
      blocks.filter((block) => block.problem).map((block) => `${block.page}:${block.line} ${block.problem}`),
    );
    expect(problems).toEqual([]);
  });

  it('code is cut only from examples that run', () => {
    // test/applications builds the applications, each by its name; live tests import what needs servers
    const built = applications().filter((name) =>
      read('test/applications/applications.test.ts').includes(`'${name}'`),
    );
    const live = filesIn('test/live', /\.test\.ts$/).flatMap(
      (file) => read(file).match(/examples\/[\w-]+/g) ?? [],
    );
    const folders = new Set([
      ...examples().map(({ folder }) => folder),
      ...built.map((name) => `examples/applications/${name}`),
      ...live,
    ]);
    const strays = all.flatMap(({ blocks }) =>
      blocks.filter(({ file }) => file && ![...folders].some((folder) => file.startsWith(`${folder}/`))),
    );
    expect(strays).toEqual([]);
  });

  it('the architecture names every concept of src/ and only existing files', () => {
    const sources = filesIn('src', /\.ts$/);
    const named = [...read('docs/architecture.md').matchAll(/`([\w/-]+\.ts)`/g)].map(
      (match) => match[1] as string,
    );
    expect(
      named.filter(
        (name) => !existsSync(new URL(name, root)) && !sources.some((file) => file.endsWith(`/${name}`)),
      ),
    ).toEqual([]);
    const concepts = sources
      .map((file) => file.slice('src/'.length))
      .filter((name) => !name.includes('/') && name !== 'index.ts');
    expect(concepts.filter((name) => !named.includes(name))).toEqual([]);
  });

  it('links lead to existing pages, files and headings', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[`*]/g, '')
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-');
    const headings = (text: string): string[] =>
      [...text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => slug(match[1] as string));
    const broken = all.flatMap(({ page, text }) =>
      [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)/g)]
        .filter(([, file, anchor]) => {
          const target = file ? join(dirname(page), file) : page;
          if (!existsSync(new URL(target, root))) return true;
          return (
            anchor !== undefined &&
            target.endsWith('.md') &&
            !headings(readFileSync(new URL(target, root), 'utf8')).includes(anchor)
          );
        })
        .map((match) => `${page}: ${match[0].slice(2, -1)}`),
    );
    expect(broken).toEqual([]);
  });
});

const isMember = (file: string): boolean => openSets.some((set) => file.startsWith(`src/${set}/`));

/** Where options of users are declared: what inherits from others shows theirs too. */
const entryPoints = [
  ...filesIn('src/providers', /^src\/providers\/[\w-]+\.ts$/),
  ...subpaths.map(source).filter(isMember),
  'src/chain/chain.ts',
  'src/config/plan.ts',
  'src/shelter/options.ts',
];

describe('options', () => {
  const shown = all.flatMap(({ tables }) => tables);
  const reader = new OptionsReader([...entryPoints, ...shown.map(({ file }) => file)]);
  const interfaces = entryPoints.flatMap((file) => reader.names(file).map((name) => ({ file, name })));
  const options = ({ file, name }: { readonly file: string; readonly name: string }): readonly Option[] =>
    reader.read(file, name) ?? [];
  const said = (name: string): Readonly<Record<string, string>> => {
    const found = interfaces.find((one) => one.name === name);
    return Object.fromEntries((found ? options(found) : []).map((option) => [option.name, option.fallback]));
  };

  it('every option has a description and a default in the source', () => {
    const thin = interfaces.flatMap((one) =>
      options(one)
        .filter(({ meaning, required, fallback }) => meaning === '' || required === (fallback !== ''))
        .map((option) => `${one.name}.${option.name}`),
    );
    expect(thin).toEqual([]);
    expect(interfaces.length).toBeGreaterThan(20);
  });

  it('the page of every provider and extension has a table of its options', () => {
    const rows = new Set(shown.flatMap(options).map(({ name, meaning }) => `${name}: ${meaning}`));
    const missing = interfaces
      .filter(({ file }) => isMember(file))
      .flatMap((one) =>
        options(one)
          .filter(({ name, meaning }) => !rows.has(`${name}: ${meaning}`))
          .map(({ name }) => `${one.name}.${name}`),
      );
    expect(missing).toEqual([]);
  });

  it('the documented defaults of the shelter are those of the source', () => {
    const settings = settingsOf('test', {}, undefined);
    if (settings.cache === false || settings.resilience === false || settings.resilience.breaker === false)
      throw new Error('all is on');
    const printed = (value: unknown): string =>
      typeof value === 'string'
        ? `'${value}'`
        : typeof value === 'number'
          ? value.toLocaleString('en').replaceAll(',', '_')
          : `{ ${Object.entries(value as object)
              .map(([name, inner]) => `${name}: ${printed(inner)}`)
              .join(', ')} }`;
    const real = (values: object): object =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, printed(value)]));
    expect(said('CacheOptions')).toEqual(real(settings.cache));
    expect(said('ResilienceOptions')).toEqual(real(settings.resilience));
    expect(said('BreakerOptions')).toEqual(real(settings.resilience.breaker));
  });
});

describe('the name of a provider', () => {
  const reader = new OptionsReader(entryPoints);
  const client = { send: async () => ({}) };
  it.each([
    ['EnvOptions', new EnvProvider({ env: {} })],
    ['ArgvOptions', new ArgvProvider()],
    ['DotEnvOptions', new DotEnvProvider()],
    ['MemoryOptions', new MemoryProvider()],
    ['KeyringOptions', new KeyringProvider({ service: 'acme' })],
    ['AwsSsmOptions', new AwsSsmProvider({ path: '/acme', client })],
    ['AwsSecretsManagerOptions', new AwsSecretsManagerProvider({ path: 'acme/', client })],
    ['GcpSecretManagerOptions', new GcpSecretManagerProvider({ project: 'acme-prod' })],
    ['AzureKeyVaultOptions', new AzureKeyVaultProvider({ url: 'https://acme.vault.azure.net' })],
    ['ChainOptions', new ProviderChain([])],
  ])('is the default that %s says', (name, provider) => {
    const option = entryPoints
      .flatMap((file) => reader.read(file, name) ?? [])
      .find((one) => one.name === 'name');
    expect(option?.fallback).toBe(`'${provider.name}'`);
  });
});

/** The declarations of a file by their names. */
const declared = (file: string): ReadonlyMap<string, ts.Declaration> =>
  new Map(
    ts
      .createSourceFile(file, read(file), ts.ScriptTarget.ESNext, true)
      .statements.filter((one) => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one))
      .map((one) => [one.name.text, one]),
  );

/** The names of all properties inside a declaration. */
function propertiesIn(node: ts.Node): readonly string[] {
  const inside: string[] = [];
  ts.forEachChild(node, (child) => void inside.push(...propertiesIn(child)));
  return ts.isPropertySignature(node) ? [node.name.getText(), ...inside] : inside;
}

/** The fields of each member of an interface, those of interfaces that it refers to included. `except`: an
 *  interface whose fields do not count. */
function fieldsByMember(file: string, name: string, except?: string): Readonly<Record<string, string[]>> {
  const all = declared(file);
  const fields = (type: ts.TypeNode): readonly string[] => {
    if (ts.isIntersectionTypeNode(type)) return type.types.flatMap(fields);
    if (!ts.isTypeReferenceNode(type)) return propertiesIn(type);
    const other = all.get(type.getText());
    if (!other) throw new Error(`${file}: ${type.getText()} is not declared there`);
    return type.getText() === except ? [] : propertiesIn(other);
  };
  const members = (all.get(name) as ts.InterfaceDeclaration | undefined)?.members ?? [];
  return Object.fromEntries(
    Array.from(members as Iterable<ts.PropertySignature>, (member) => [
      member.name.getText(),
      [...fields(member.type as ts.TypeNode)].sort(),
    ]),
  );
}

/** The cells of the table with this header. */
function cellsBelow(page: string, header: string): readonly (readonly string[])[] {
  const [, below = ''] = read(page).split(`\n${header}\n`);
  const [, ...rows] = /^(?:\|.*\n)*/.exec(below)?.[0].trim().split('\n') ?? [];
  return rows.map((row) => row.slice(1, -1).split('|'));
}

const ticked = (cell = ''): readonly string[] =>
  [...cell.matchAll(/`([\w-]+)(?:\(\))?`/g)].map((match) => match[1] as string).sort();

describe('the table of events', () => {
  const page = 'docs/caching-and-resilience.md';
  const rows = cellsBelow(page, '| event | level of its line | fields | meaning |');
  const types: Readonly<Record<string, string[]>> = Object.assign(
    {},
    ...filesIn('src', /\.ts$/).map((file) => fieldsByMember(file, 'ConfigEventTypes')),
  );

  it('the table has every event type once, with its own fields, and no other type', () => {
    const shown = rows.map(([type, , fields]) => [ticked(type).join(), ticked(fields)] as const);
    expect(Object.fromEntries(shown)).toEqual(types);
    expect(shown.length).toBe(Object.keys(types).length);
    expect(shown.length).toBeGreaterThan(15);
  });

  it.each(Object.keys(types))('logTo writes %s at the levels of its row', (type) => {
    const levels = new Set<string>();
    const at = (level: string) => () => levels.add(level);
    const log = logTo({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
    const head = { id: 'a-1', time: 0, provider: 'store', layer: 'shelter', outcome: 'ok' };
    for (const state of ['closed', 'open', 'half-open'])
      for (const status of ['ok', 'degraded', 'down'])
        for (const step of ['pending', 'repaired'])
          log({ ...head, type, state, status, step } as unknown as ConfigEvent);
    const [, level] = rows.find((cells) => ticked(cells[0]).includes(type)) ?? [];
    expect(new Set(level?.match(/debug|info|warn|error/g))).toEqual(levels);
  });

  it('the table above it has the fields of every event, and no other field', () => {
    const shown = cellsBelow(page, '| field of every event | meaning |').flatMap(([cell]) => ticked(cell));
    const head = propertiesIn(declared('src/events.ts').get('EventHead') as ts.Node);
    expect(shown.sort()).toEqual([...head, 'type'].sort());
  });
});

describe('the table of tracing channels', () => {
  it('the table has every channel with the own fields of its context, and no other channel', () => {
    const prefix = 'tracing:llm-config-manager:';
    const shown = cellsBelow(
      'docs/caching-and-resilience.md',
      '| channel | traces | fields of its context |',
    ).map(([channel, , fields]) => [channel?.trim().slice(prefix.length + 1, -1), ticked(fields)]);
    expect(shown.length).toBe(5);
    expect(Object.fromEntries(shown)).toEqual(fieldsByMember('src/tracing.ts', 'TraceContexts', 'Context'));
  });
});

describe('the table of an operation', () => {
  it('the table has every field that an interceptor sees, and no other field', () => {
    const shown = cellsBelow('docs/chains.md', '| field of an operation | |').flatMap(([cell]) =>
      ticked(cell),
    );
    const all = declared('src/interception.ts');
    const fields = ['OperationHead', 'Operation'].flatMap((name) => propertiesIn(all.get(name) as ts.Node));
    expect(shown.sort()).toEqual([...new Set(fields)].sort());
  });
});

describe('the page of a provider', () => {
  const providers = all
    .filter(({ page }) => /^docs\/providers\/[\w-]+\.md$/.test(page)) // not the parts of a long page
    .map(({ page, text }) => ({ page, text }));
  const name = (page: string): string => page.slice('docs/providers/'.length, -'.md'.length);
  const remote = new Set(['vault', 'aws', 'gcp', 'azure']);
  const section = (text: string, heading: string): string =>
    text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

  it.each(providers)('$page has the sections of every provider page', ({ page, text }) => {
    const shape = [
      'Install',
      'First example',
      'Options',
      'How keys are spelled',
      'What is secret',
      'When something is wrong',
      'Reload and watch',
    ];
    const wanted = [
      ...shape,
      ...(remote.has(name(page)) ? ['Least privilege', 'How many calls'] : []),
      'See also',
    ];
    const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1] as string);
    expect(headings.filter((heading) => wanted.includes(heading))).toEqual(wanted);
  });

  it.each(providers)(
    '$page has every error code of its source in its table of failures, and no unknown code',
    ({ page, text }) => {
      const [, , ...rows] = section(text, 'When something is wrong').match(/^\|.*$/gm) ?? [];
      const cells = rows.map((row) => row.split(' | ')[1] ?? '');
      const named = new Set(
        cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] as string)),
      );
      const files = filesIn('src/providers', /\.ts$/).filter((file) =>
        file.startsWith(`src/providers/${name(page)}`),
      );
      const sources = files.map(read).join('\n');
      // `not_found` of a store is absence, not a failure
      const codes = Object.keys(errorCodes).filter(
        (code) => code !== 'not_found' && new RegExp(`'${code}'|^  ${code}: `, 'm').test(sources),
      );
      if (sources.includes('ShelterOptions')) codes.push('timeout', 'circuit_open', 'aborted');
      expect(rows.length).toBeGreaterThan(0);
      expect(codes.filter((code) => !named.has(code))).toEqual([]);
      expect(
        cells.filter(
          (cell) => cell.startsWith('`') && !Object.hasOwn(errorCodes, /\w+/.exec(cell)?.[0] ?? ''),
        ),
      ).toEqual([]);
    },
  );
});

describe('the page of an extension', () => {
  const extensions = all.filter(({ page }) => /^docs\/(?:extensions|integrations)\//.test(page));

  it('the page of every extension has these sections, in this order', () => {
    const wanted = ['Install', 'First example', 'When something is wrong', 'See also'];
    const lacking = extensions.filter(({ text }) => {
      const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1] as string);
      return headings.filter((heading) => wanted.includes(heading)).join() !== wanted.join();
    });
    expect(lacking.map(({ page }) => page)).toEqual([]);
  });

  it('README.md links to the page of every extension', () => {
    const readme = read('README.md');
    expect(extensions.filter(({ page }) => !readme.includes(`](${page})`))).toEqual([]);
  });
});

describe('the rights on a page', () => {
  const granted = (page: string): string =>
    read(`docs/providers/${page}.md`).split('\n## Least privilege\n')[1] ?? '';

  it('the page lists every Google Cloud role that an error names', () => {
    const [, union = ''] = /role: ((?:'\w+'[ |]*)+)/.exec(read('src/providers/gcp/classify.ts')) ?? [];
    const roles = [...union.matchAll(/'(\w+)'/g)].map((match) => match[1]);
    expect(roles.length).toBeGreaterThan(2);
    expect(roles.filter((role) => !granted('gcp').includes(`roles/secretmanager.${role}`))).toEqual([]);
  });

  it('the page lists every Azure role that an error names', () => {
    const roles = [...read('src/providers/azure/classify.ts').matchAll(/Key Vault Secrets \w+/g)].map(
      ([role]) => role,
    );
    expect(roles.length).toBeGreaterThan(0);
    expect(roles.filter((role) => !granted('azure').includes(role))).toEqual([]);
  });
});

describe('the page of the command', () => {
  const page = read('docs/cli.md');

  it('the page lists every command with its arguments', () => {
    const first =
      page
        .match(/^\| `\w.*$/gm)
        ?.map((row) => row.split(' | ')[0])
        .join() ?? '';
    const unnamed = commands.filter(
      ({ name, arguments: given }) => !first.includes(`\`${[name, ...given].join(' ')}`),
    );
    expect(unnamed.map(({ name }) => name)).toEqual([]);
  });

  it('the page lists every option, and no other', () => {
    const flags = new Set(['json', 'help', ...commands.flatMap(({ flags }) => Object.keys(flags))]);
    expect(new Set([...page.matchAll(/--([a-z][\w-]*)/g)].map((match) => match[1]))).toEqual(flags);
  });
});
