import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { build, transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn, read } from '../../scripts/files.ts';
import { built, folderOfFile, manifest, openSets, root, source, subpaths } from '../../scripts/folders.ts';
import { circles, importsOf, isForeign, linesOfCode, packageOf } from '../../scripts/imports.ts';
import { errorCodes } from '../../src/errors.ts';

const sources = filesIn('src', /\.ts$/);
const imports = new Map(sources.map((file) => [file, importsOf(file)]));
const project = fileURLToPath(root);

describe('package.json', () => {
  it('exports every folder that has an index.ts, and nothing else', () => {
    const entryPoints = sources.filter((file) => file.endsWith('/index.ts'));
    expect(subpaths.map(source).sort()).toEqual(entryPoints);
  });

  it.each(subpaths)(
    '%s has one file for require and import where Node can share it, and none for browsers',
    (subpath) => {
      const modern = { types: `./dist/${built(subpath)}.d.ts`, default: `./dist/${built(subpath)}.js` };
      const older = { types: `./dist/${built(subpath)}.d.cts`, default: `./dist/${built(subpath)}.cjs` };
      const servers = { workerd: modern, 'edge-light': modern };
      const browser = { ...modern, default: './dist/browser.js' };
      const expected = { ...servers, browser, 'module-sync': modern, import: modern, default: older };
      expect(manifest.exports[subpath]).toEqual(expected);
      // in this order, because the first condition that holds is taken
      expect(Object.keys(manifest.exports[subpath] as object)).toEqual(Object.keys(expected));
    },
  );

  it('main and types are the CommonJS pair, for old resolvers', () => {
    expect([manifest.main, manifest.types]).toEqual(['./dist/index.cjs', './dist/index.d.cts']);
  });

  it('typesVersions has the types of every subpath, for resolvers without exports', () => {
    const known = subpaths
      .filter((subpath) => subpath !== '.')
      .map((subpath) => [built(subpath), [`./dist/${built(subpath)}.d.cts`]]);
    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(known) });
  });

  it('the consumer application imports every subpath without optional packages', () => {
    const tried = importsOf('test/consumer/imported.mts').map(({ target }) => target);
    // the types of an integration need its framework
    const expected = subpaths.filter((subpath) => !source(subpath).startsWith('src/integrations/'));
    expect(tried.sort()).toEqual(expected.map((subpath) => manifest.name + subpath.slice(1)).sort());
  });

  it('bin has the command exactly when src/cli/main.ts exists', () => {
    expect(manifest.bin).toEqual(
      existsSync(new URL('src/cli/main.ts', root)) ? { 'llm-config': './dist/cli.js' } : undefined,
    );
  });

  it.each(openSets)('every member of %s has a page, and every page a member or a part of one', (set) => {
    const folder = (of: string): readonly string[] =>
      existsSync(new URL(of, root)) ? readdirSync(new URL(of, root)) : [];
    const members = folder(`src/${set}/`).map((name) => name.replace(/\.ts$/, ''));
    const pages = folder(`docs/${set}/`)
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.replace(/\.md$/, ''));
    const parts = members
      .filter((name) => subpaths.includes(`./${name}`))
      .flatMap((name) => folder(`src/${set}/${name}/`));
    expect(members.filter((name) => !pages.includes(name))).toEqual([]);
    expect(pages.filter((name) => !members.includes(name) && !parts.includes(name))).toEqual([]);
    const unnamed = members.filter(
      (member) =>
        subpaths.includes(`./${member}`) &&
        !read(`docs/${set}/${member}.md`).includes(`${manifest.name}/${member}`),
    );
    expect(unnamed).toEqual([]);
  });
});

describe('the dependencies', () => {
  const foreign = [...imports].flatMap(([file, list]) =>
    list.filter(({ target }) => isForeign(target)).map((one) => ({ file, ...one })),
  );
  const optional = Object.keys(manifest.peerDependencies ?? {});

  it('dependencies and peers are exactly the packages that src/ imports', () => {
    const used = new Set(
      foreign.filter(({ kind }) => kind !== 'type').map(({ target }) => packageOf(target)),
    );
    // a package that runs in a child process is named there, not imported
    for (const name of optional) if (sources.some((file) => read(file).includes(`'${name}'`))) used.add(name);
    expect([...used].sort()).toEqual([...Object.keys(manifest.dependencies), ...optional].sort());
  });

  /** Imports of a package by the one extension or integration that exists for it: who imports that subpath
   *  has the package. */
  const isOfItsOwn = ({ file, target }: { readonly file: string; readonly target: string }): boolean => {
    const users = foreign.filter((one) => packageOf(one.target) === packageOf(target));
    return (
      /^src\/(?:extensions|integrations)\//.test(file) &&
      users.every((one) => folderOfFile(one.file) === folderOfFile(file))
    );
  };

  it('every peer is optional and imported on first use, or by the one extension that is for it', () => {
    expect(manifest.peerDependenciesMeta).toEqual(
      Object.fromEntries(optional.map((name) => [name, { optional: true }])),
    );
    expect(
      foreign.filter(
        (one) => optional.includes(packageOf(one.target)) && one.kind === 'static' && !isOfItsOwn(one),
      ),
    ).toEqual([]);
  });

  it('no type of an optional peer is imported, except by the one extension that is for it', () => {
    expect(
      foreign.filter(
        (one) => optional.includes(packageOf(one.target)) && one.kind === 'type' && !isOfItsOwn(one),
      ),
    ).toEqual([]);
  });

  it('every installed package accepts the oldest Node, so npm ci prints no warning', () => {
    const oldest = manifest.engines.node.replace('>=', '').split('.');
    const [oldestMajor, oldestMinor] = oldest.map(Number) as [number, number];
    const accepts = (range: string): boolean => {
      const [, operator, major, minor = '0'] = /(>=?|\^|~)?\s*v?(\d+)(?:\.(\d+))?/.exec(range) ?? [];
      if (Number(major) === oldestMajor) return Number(minor) <= oldestMinor;
      return major === undefined || (operator?.[0] === '>' && Number(major) < oldestMajor);
    };
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { engines?: { node?: string }; optional?: true }>;
    };
    // npm leaves out an optional package without a warning
    const refusing = Object.entries(packages).flatMap(([name, { engines: { node = '*' } = {}, optional }]) =>
      optional || node.split('||').some(accepts) ? [] : [`${name} ${node}`],
    );
    expect(refusing).toEqual([]);
  });

  it('no install script runs', () => {
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts).not.toHaveProperty(name);
  });
});

describe('the folders of src/', () => {
  const ground = ['concepts', 'internal'];
  const flows = ['chain', 'config', 'merge', 'report', 'schema'];
  const sharedFolders = ['decorators', 'formats', 'local', 'remote', 'sealing', 'shelter'];
  /** What each folder may import besides itself. No member of an open set knows another member. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    concepts: ['concepts'],
    internal: ['concepts'],
    merge: ground,
    schema: ground,
    report: [...ground, 'merge', 'schema'],
    chain: [...ground, 'decorators', 'merge', 'report', 'schema'],
    config: [...ground, ...flows, 'decorators'],
    formats: ground,
    decorators: ground,
    local: [...ground, 'formats', 'merge', 'schema'],
    sealing: [...ground, 'decorators', 'formats', 'local'],
    remote: ground,
    shelter: [...ground, 'decorators', 'formats'],
    providers: [...ground, ...sharedFolders],
    extensions: [...ground, ...sharedFolders, 'chain', 'config', 'merge', 'schema'],
    integrations: [...ground, ...sharedFolders, 'chain', 'config', 'schema'],
    sync: [...ground, ...flows, 'decorators', 'formats', 'local'],
    testing: [...ground, 'shelter'],
    cli: [
      ...ground,
      ...flows.filter((folder) => folder !== 'report'),
      ...sharedFolders,
      'providers',
      'extensions',
    ],
  };
  /** The storeys of the shelter, from the highest down: each may import the storeys below it. */
  const storeys = ['keys', 'cache', 'request'];
  const outermost = (file: string): string => folderOfFile(file).split('/')[0] as string;
  const own = [...imports].flatMap(([file, list]) =>
    list
      .filter(({ target }) => !isForeign(target) && !target.startsWith('node:'))
      .map((one) => ({ file, ...one })),
  );
  const between = own.filter(
    ({ file, target }) => file !== 'src/index.ts' && folderOfFile(file) !== folderOfFile(target),
  );
  const shown = (all: readonly { readonly file: string; readonly target: string }[]): readonly string[] =>
    all.map(({ file, target }) => `${file} imports ${target}`);
  const graphOf = (links: Iterable<readonly [string, string]>): ReadonlyMap<string, readonly string[]> => {
    const graph = new Map<string, string[]>();
    for (const [from, to] of links) graph.set(from, [...(graph.get(from) ?? []), to]);
    return graph;
  };

  it('every folder is in the table of allowed imports', () => {
    expect([...new Set(sources.map(outermost))].filter((folder) => !(folder in allowed))).toEqual([]);
  });

  it('folders import only in the allowed directions, types included', () => {
    const astray = between.filter(
      ({ file, target }) =>
        outermost(file) !== outermost(target) && !allowed[outermost(file)]?.includes(outermost(target)),
    );
    expect(shown(astray)).toEqual([]);
  });

  it('no folders import in a circle', () => {
    const links = between.map(({ file, target }) => [outermost(file), outermost(target)] as const);
    expect(circles(graphOf(links.filter(([from, to]) => from !== to)))).toEqual([]);
  });

  it('no files import in a circle, types and lazy imports included', () => {
    const links = own.map(({ file, target }) => [file, target] as const);
    expect(circles(graphOf(links))).toEqual([]);
  });

  it('a storey is imported from above only, and only through its entry point', () => {
    const storeyOf = (file: string): string | undefined => /^src\/shelter\/(\w+)\//.exec(file)?.[1];
    const astray = between.filter(({ file, target }) => {
      const [from, to] = [storeyOf(file), storeyOf(target)];
      if (to === undefined) return false;
      const upwards = from !== undefined && storeys.indexOf(to) < storeys.indexOf(from);
      return upwards || target !== `src/shelter/${to}/${to}.ts`;
    });
    expect(shown(astray)).toEqual([]);
  });

  it.each(openSets)('no member of %s imports another member', (set) => {
    const memberOf = (file: string): string | undefined =>
      new RegExp(`^src/${set}/([\\w-]+)`).exec(file)?.[1];
    const astray = between.filter(
      ({ file, target }) =>
        memberOf(file) !== undefined && memberOf(target) !== undefined && memberOf(file) !== memberOf(target),
    );
    expect(shown(astray)).toEqual([]);
  });

  it('nothing imports an index.ts', () => {
    expect(shown(own.filter(({ target }) => target.endsWith('index.ts')))).toEqual([]);
  });

  it('imports name existing files in full', () => {
    expect(shown(own.filter(({ target }) => !existsSync(new URL(target, root))))).toEqual([]);
  });

  it('no file has more than 250 lines of code', () => {
    const long = sources.map((file) => [file, linesOfCode(read(file))] as const);
    expect(long.filter(([, lines]) => lines > 250)).toEqual([]);
  });

  it('no file is called utils, types, helpers or the like', () => {
    const leftovers = /\/(?:utils?|types|helpers?|constants|common|misc)\.ts$/;
    expect(sources.filter((file) => leftovers.test(file))).toEqual([]);
  });

  it('src/internal/ has at most six small files', () => {
    const files = sources.filter((file) => file.startsWith('src/internal/'));
    expect(files.length).toBeLessThanOrEqual(6);
    expect(files.filter((file) => linesOfCode(read(file)) > 100)).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  it('the table has every error code with the columns of the source, and no other code', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+)` \| (yes|no) \| (\d+) \|/gm)].map(
      ([, code, transient, status]) => [code, { transient: transient === 'yes', status: Number(status) }],
    );
    expect(Object.fromEntries(rows)).toEqual(errorCodes);
    expect(rows.length).toBe(Object.keys(errorCodes).length);
  });

  it('every error code has a section', () => {
    const headings = [...read('docs/errors.md').matchAll(/^### `(\w+)`$/gm)].map(
      (match) => match[1] as string,
    );
    expect(headings.sort()).toEqual(Object.keys(errorCodes).sort());
  });
});

describe('the files of the project', () => {
  const ignored = /(?:^|\/)(?:node_modules|dist|coverage|\.git|\.cache)(?:\/|$)|^site\/\.pages\//;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      `${entry.parentPath.slice(project.length)}/${entry.name}`.replaceAll('\\', '/').replace(/^\//, ''),
    )
    .filter((file) => !ignored.test(file));
  const self = 'test/repository/package.test.ts';
  const mention = (what: RegExp): string[] => files.filter((file) => file !== self && what.test(read(file)));

  it('no file names a path of this machine', () => {
    const plain = (path: string): string => path.replace(/[^\w/]/g, '\\$&');
    expect(mention(new RegExp(`${plain(project)}|(?<![\\w}])${plain(homedir())}/`))).toEqual([]);
  });

  it('no file names a registry, lock files included', () => {
    expect(mention(/"resolved":|registry\.(?:npmjs|yarnpkg)\.|\/npm\/-\/|_authToken/)).toEqual([]);
  });

  it('only .ci/run reaches for files beside the project', () => {
    expect(mention(/\.\.\/shared\//).filter((file) => file !== '.ci/run')).toEqual([]);
  });
});

describe('the built package', () => {
  // below the project, so that the dependencies are found; a run beside this one has a folder of its own
  const place = new URL(`node_modules/.cache/package-test-${process.pid}/`, root);
  const installed = new URL(`node_modules/${manifest.name}/`, place);
  const node = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: fileURLToPath(place), encoding: 'utf8' });

  beforeAll(() => {
    mkdirSync(installed, { recursive: true });
    cpSync(new URL('package.json', root), new URL('package.json', installed));
    // that of a new project of npm; without it, esbuild takes this project for the package
    writeFileSync(new URL('package.json', place), '{ "name": "application", "type": "commonjs" }');
    const output = fileURLToPath(new URL('dist', installed));
    execFileSync(
      process.execPath,
      ['node_modules/tsup/dist/cli-default.js', '--no-dts', '--silent', '--out-dir', output],
      {
        cwd: project,
      },
    );
  }, 300_000);
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const names = subpaths.map((subpath) => manifest.name + subpath.slice(1));

  it('require and import return the same instance', () => {
    const out = node(
      '-e',
      `const required = ${JSON.stringify(names)}.map((name) => require(name));
       Promise.all(${JSON.stringify(names)}.map((name) => import(name))).then((imported) => {
         const extra = ['default', 'module.exports'];
         const names = (one) => Object.keys(one).filter((key) => !extra.includes(key));
         const same = (one, i) =>
           names(one).length > 0 && names(one).every((key) => one[key] === required[i][key]);
         console.log(JSON.stringify(imported.map(same)));
       });`,
    );
    expect(JSON.parse(out)).toEqual(names.map(() => true));
  });

  it('the CommonJS build exports the same names', () => {
    const files = subpaths.map((subpath) => fileURLToPath(new URL(`dist/${built(subpath)}`, installed)));
    const out = node(
      '-e',
      `const names = (one) => Object.keys(one).sort();
       const both = async (file) => [names(require(file + '.cjs')), names(await import(file + '.js'))];
       Promise.all(${JSON.stringify(files)}.map(both))
         .then((all) => console.log(JSON.stringify(all)));`,
    );
    for (const [old, now] of JSON.parse(out) as [string[], string[]][]) expect(old).toEqual(now);
  });

  it('all subpaths share one class', () => {
    const out = node(
      '--input-type=module',
      '-e',
      `const all = await Promise.all(${JSON.stringify(names)}.map((name) => import(name)));
       const seen = new Map(), twice = [];
       for (const [key, value] of all.flatMap((one) => Object.entries(one)))
         if (seen.has(key) && seen.get(key) !== value) twice.push(key);
         else seen.set(key, value);
       console.log(JSON.stringify(twice));`,
    );
    expect(JSON.parse(out)).toEqual([]);
  });

  it.each(['.js', '.cjs'])('classes have the names under which they are exported (%s)', (extension) => {
    const files = subpaths.map((subpath) =>
      fileURLToPath(new URL(`dist/${built(subpath)}${extension}`, installed)),
    );
    const out = node(
      '-e',
      `const all = ${JSON.stringify(files)}.flatMap((file) => Object.entries(require(file)));
       const classes = all.filter(([, value]) => /^class\\b/.test(value));
       console.log(JSON.stringify(classes.map(([key, value]) => [key, value.name])));`,
    );
    const classes = JSON.parse(out) as [string, string][];
    expect(classes.map(([, name]) => name)).toEqual(classes.map(([key]) => key));
    expect(classes.map(([key]) => key)).toContain('ConfigError');
  });

  /** What esbuild makes of a module, and the packages in it. */
  const bundled = async (
    contents: string,
    format: 'esm' | 'cjs' = 'esm',
  ): Promise<{
    readonly text: string;
    readonly bytes: number;
    readonly packages: ReadonlySet<string | undefined>;
  }> => {
    const { metafile, outputFiles } = await build({
      stdin: { contents, loader: 'ts', resolveDir: fileURLToPath(place) },
      bundle: true,
      minify: true,
      format,
      platform: 'node',
      write: false,
      metafile: true,
    });
    const [output] = Object.values(metafile.outputs);
    const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const packages = used.map(([file]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
    return { text: outputFiles[0]?.text ?? '', bytes: output?.bytes ?? 0, packages: new Set(packages) };
  };

  describe('the synchronous example in a new project of npm', () => {
    const example = fileURLToPath(new URL('examples/synchronous/', root));
    const text = `process.chdir(${JSON.stringify(example)});
      ${read('examples/synchronous/env.ts').replace('export const', 'const')}
      console.log(JSON.stringify(env));`;
    const pasted = transformSync(text, { loader: 'ts', format: 'cjs' }).code;
    const run = (file: string, program: string): unknown => {
      writeFileSync(new URL(file, place), program);
      return JSON.parse(node(file));
    };
    const env = { server: { host: '0.0.0.0', port: 8080 }, database: { host: 'localhost' } };

    it('runs', () => expect(run('index.js', pasted)).toEqual(env));

    it('runs where ES modules cannot be required', () => {
      const file = (name: string): string => fileURLToPath(new URL(`dist/${name}.cjs`, installed));
      const older = pasted.replace(
        /require\("llm-config-manager(?:\/(\w+))?"\)/g,
        (_, name = 'index') => `require(${JSON.stringify(file(name))})`,
      );
      expect(older).toContain('sync.cjs');
      expect(run('older.js', older)).toEqual(env);
    });

    it('runs as one bundled file', async () => {
      expect(run('bundle.js', (await bundled(text, 'cjs')).text)).toEqual(env);
    });

    it('runs as one bundled ES module, without YAML, whose parser is CommonJS', async () => {
      const server = "Object.assign(process.env, { APP_SERVER_HOST: '0.0.0.0', APP_SERVER_PORT: '8080' });";
      const contents = server + text.replace(/^.*(?:\/yaml'|new BundleProvider).*$/gm, '');
      expect(run('bundle.mjs', (await bundled(contents)).text)).toEqual(env);
    });
  });

  it('a chain rejects with the failure of a provider to close, also if nothing else was loaded', () => {
    const out = node(
      '--input-type=module',
      '-e',
      `import { ProviderChain } from '${manifest.name}';
       const close = async () => { throw new Error('broken'); };
       const provider = { name: 'own', get: async () => undefined, list: async () => [], close };
       await new ProviderChain([provider]).close().catch(({ code }) => console.log(code));`,
    );
    expect(out).toBe('io\n');
  });

  it('the command prints its version', () => {
    expect(node(fileURLToPath(new URL('dist/cli.js', installed)), '--version')).toBe(`${manifest.version}\n`);
  });

  it.each(['.js', '.cjs'])('importing the core loads only its own files and Node (%s)', (extension) => {
    const dist = fileURLToPath(new URL('dist/', installed));
    const program = `
      require(${JSON.stringify(`${dist}index${extension}`)});
      console.log(JSON.stringify(Object.keys(require.cache)));`;
    const loaded = (JSON.parse(node('-e', program)) as string[]).filter((file) => !file.startsWith(dist));
    expect(loaded).toEqual([]);
  });

  it('a bundle that reads only variables has no other package', async () => {
    const { packages } = await bundled(`export { EnvProvider, loadConfig } from '${manifest.name}';`);
    expect([...packages]).toEqual([manifest.name]);
    const withFiles = await bundled(`export { BundleProvider } from '${manifest.name}';`);
    expect(withFiles.packages).toContain('yaml');
  });

  it.each([
    ['loadConfig', manifest.name, 216],
    ['loadConfigSync', `${manifest.name}/sync`, 239],
  ])('a bundle of %s for variables adds little to its schema (%s, %i kB)', async (load, from, kB) => {
    const alone = `import { z } from 'zod'; export const schema = z.object({ port: z.number() });`;
    const loading = `import { EnvProvider } from '${manifest.name}'; import { ${load} } from '${from}';
      export const config = ${load}(schema, new EnvProvider());`;
    const sizes = await Promise.all([bundled(alone), bundled(alone + loading)]);
    expect(sizes[1].bytes - sizes[0].bytes).toBeLessThan(kB * 1000);
  });

  it('the core imports statically only its own chunks and Node', () => {
    const seen = new Set<string>();
    const outside = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(new URL(file, installed), 'utf8');
      for (const { target, kind } of importsOf(file, text)) {
        if (kind !== 'static' || target.startsWith('node:')) continue;
        if (isForeign(target)) outside.add(target);
        else walk(target);
      }
    };
    walk('dist/index.js');
    expect([...outside]).toEqual([]);
  });
});
