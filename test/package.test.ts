import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { circles, filesIn, importsOf, isForeign, linesOfCode, packageOf, read } from '../scripts/imports.ts';
import { built, manifest, openSets, roomOf, root, source, subpaths } from '../scripts/rooms.ts';
import { errorCodes } from '../src/errors.ts';

const sources = filesIn('src', /\.ts$/);
const imports = new Map(sources.map((file) => [file, importsOf(file)]));
const project = fileURLToPath(root);

describe('the map of the package', () => {
  it('exports every folder that has a face, and nothing else', () => {
    const faces = sources.filter((file) => file.endsWith('/index.ts'));
    expect(subpaths.map(source).sort()).toEqual(faces);
  });

  it.each(subpaths)(
    'gives require and import the same file of %s where Node can share it, and a CommonJS one elsewhere',
    (subpath) => {
      const modern = { types: `./dist/${built(subpath)}.d.ts`, default: `./dist/${built(subpath)}.js` };
      const older = { types: `./dist/${built(subpath)}.d.cts`, default: `./dist/${built(subpath)}.cjs` };
      expect(manifest.exports[subpath]).toEqual({ 'module-sync': modern, import: modern, default: older });
      expect(Object.keys(manifest.exports[subpath] as object)).toEqual(['module-sync', 'import', 'default']);
    },
  );

  it('points old resolvers to the CommonJS pair', () => {
    expect([manifest.main, manifest.types]).toEqual(['./dist/index.cjs', './dist/index.d.cts']);
  });

  it('gives TypeScript the types of every subpath where it knows nothing of exports', () => {
    const known = subpaths
      .filter((subpath) => subpath !== '.')
      .map((subpath) => [built(subpath), [`./dist/${built(subpath)}.d.cts`]]);
    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(known) });
  });

  it('is tried, subpath by subpath, in an application that has none of the optional packages', () => {
    const tried = importsOf('test/consumer/imported.mts').map(({ target }) => target);
    expect(tried.sort()).toEqual(subpaths.map((subpath) => manifest.name + subpath.slice(1)).sort());
  });

  it('has the command exactly when it has the program', () => {
    expect(manifest.bin).toEqual(
      existsSync(new URL('src/cli/main.ts', root)) ? { 'llm-config': './dist/cli.js' } : undefined,
    );
  });

  it.each(openSets)('has a page of docs for every member of %s, and for nothing else', (set) => {
    const folder = (of: string): readonly string[] =>
      existsSync(new URL(of, root)) ? readdirSync(new URL(of, root)) : [];
    const members = folder(`src/${set}/`).map((name) => name.replace(/\.ts$/, ''));
    const pages = folder(`docs/${set}/`).map((name) => name.replace(/\.md$/, ''));
    expect(pages.sort()).toEqual(members.sort());
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

  it('are exactly the packages that src/ imports: plain ones and optional peers', () => {
    const used = new Set(
      foreign.filter(({ kind }) => kind !== 'type').map(({ target }) => packageOf(target)),
    );
    // a package that runs in a child process is named there, not imported
    for (const name of optional) if (sources.some((file) => read(file).includes(`'${name}'`))) used.add(name);
    expect([...used].sort()).toEqual([...Object.keys(manifest.dependencies), ...optional].sort());
  });

  it('that are peers are optional, all of them, and are imported on first use only', () => {
    expect(manifest.peerDependenciesMeta).toEqual(
      Object.fromEntries(optional.map((name) => [name, { optional: true }])),
    );
    expect(
      foreign.filter(({ target, kind }) => optional.includes(packageOf(target)) && kind === 'static'),
    ).toEqual([]);
  });

  it('leak no type of an optional peer into ours', () => {
    expect(
      foreign.filter(({ target, kind }) => optional.includes(packageOf(target)) && kind === 'type'),
    ).toEqual([]);
  });

  it('run no script at install that the project asks for', () => {
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts).not.toHaveProperty(name);
  });
});

describe('the rooms of src/', () => {
  const ground = ['concepts', 'internal'];
  const flows = ['chain', 'config', 'merge', 'report', 'schema'];
  const wings = ['decorators', 'formats', 'local', 'remote', 'sealing', 'shelter'];
  /** What each room may import besides itself. No member of an open set knows another member. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    concepts: ground,
    internal: ['concepts'],
    merge: ground,
    schema: ground,
    report: [...ground, 'merge', 'schema'],
    chain: [...ground, 'merge', 'report', 'schema'],
    config: [...ground, ...flows, 'decorators'],
    formats: ground,
    decorators: ground,
    local: [...ground, 'formats', 'merge', 'schema'],
    sealing: [...ground, 'decorators', 'formats', 'local'],
    remote: ground,
    shelter: [...ground, 'formats'],
    providers: [...ground, ...wings],
    extensions: [...ground, ...wings, 'chain', 'config'],
    integrations: [...ground, ...wings, 'chain', 'config'],
    testing: [...ground, 'shelter'],
    cli: [...ground, ...flows, ...wings, 'providers', 'extensions'],
  };
  const outermost = (file: string): string => roomOf(file).split('/')[0] as string;
  const own = [...imports].flatMap(([file, list]) =>
    list
      .filter(({ target }) => !isForeign(target) && !target.startsWith('node:'))
      .map((one) => ({ file, ...one })),
  );
  const between = own.filter(
    ({ file, target }) => file !== 'src/index.ts' && roomOf(file) !== roomOf(target),
  );
  const shown = (all: readonly { readonly file: string; readonly target: string }[]): readonly string[] =>
    all.map(({ file, target }) => `${file} imports ${target}`);
  const graphOf = (links: Iterable<readonly [string, string]>): ReadonlyMap<string, readonly string[]> => {
    const graph = new Map<string, string[]>();
    for (const [from, to] of links) graph.set(from, [...(graph.get(from) ?? []), to]);
    return graph;
  };

  it('are all known to this test', () => {
    expect([...new Set(sources.map(outermost))].filter((room) => !(room in allowed))).toEqual([]);
  });

  it('import only in the directions that the architecture draws, types included', () => {
    const astray = between.filter(
      ({ file, target }) =>
        outermost(file) !== outermost(target) && !allowed[outermost(file)]?.includes(outermost(target)),
    );
    expect(shown(astray)).toEqual([]);
  });

  it('import no room in a circle', () => {
    const links = between.map(({ file, target }) => [outermost(file), outermost(target)] as const);
    expect(circles(graphOf(links.filter(([from, to]) => from !== to)))).toEqual([]);
  });

  it('import no file in a circle at run time', () => {
    const links = own
      .filter(({ kind }) => kind === 'static')
      .map(({ file, target }) => [file, target] as const);
    expect(circles(graphOf(links))).toEqual([]);
  });

  it.each(openSets)('keep a member of %s apart from every other member', (set) => {
    const memberOf = (file: string): string | undefined =>
      new RegExp(`^src/${set}/([\\w-]+)`).exec(file)?.[1];
    const astray = between.filter(
      ({ file, target }) =>
        memberOf(file) !== undefined && memberOf(target) !== undefined && memberOf(file) !== memberOf(target),
    );
    expect(shown(astray)).toEqual([]);
  });

  it('are never imported through an index.ts', () => {
    expect(shown(own.filter(({ target }) => target.endsWith('index.ts')))).toEqual([]);
  });

  it('import files that exist, by their full names', () => {
    expect(shown(own.filter(({ target }) => !existsSync(new URL(target, root))))).toEqual([]);
  });

  it('hold no file over 275 lines of code', () => {
    const long = sources.map((file) => [file, linesOfCode(read(file))] as const);
    expect(long.filter(([, lines]) => lines > 275)).toEqual([]);
  });

  it('hold no file for leftovers', () => {
    const leftovers = /\/(?:utils?|types|helpers?|constants|common|misc)\.ts$/;
    expect(sources.filter((file) => leftovers.test(file))).toEqual([]);
  });

  it('keep src/internal/ to six small files', () => {
    const files = sources.filter((file) => file.startsWith('src/internal/'));
    expect(files.length).toBeLessThanOrEqual(6);
    expect(files.filter((file) => linesOfCode(read(file)) > 100)).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  it('lists every error code with the columns of the table in the source, and no other code', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+)` \| (yes|no) \| (\d+) \|/gm)].map(
      ([, code, transient, status]) => [code, { transient: transient === 'yes', status: Number(status) }],
    );
    expect(Object.fromEntries(rows)).toEqual(errorCodes);
    expect(rows.length).toBe(Object.keys(errorCodes).length);
  });

  it('says of every error code what it means and what to do', () => {
    const headings = [...read('docs/errors.md').matchAll(/^### `(\w+)`$/gm)].map(
      (match) => match[1] as string,
    );
    expect(headings.sort()).toEqual(Object.keys(errorCodes).sort());
  });
});

describe('the files of the project', () => {
  const ignored = /(?:^|\/)(?:node_modules|dist|coverage|\.git|\.cache)(?:\/|$)|^docs\/site\//;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      `${entry.parentPath.slice(project.length)}/${entry.name}`.replaceAll('\\', '/').replace(/^\//, ''),
    )
    .filter((file) => !ignored.test(file));
  const self = 'test/package.test.ts';
  const mention = (what: RegExp): string[] => files.filter((file) => file !== self && what.test(read(file)));

  it('name no path of the machine that they were written on', () => {
    const plain = (path: string): string => path.replace(/[^\w/]/g, '\\$&');
    expect(mention(new RegExp(`${plain(project)}|(?<![\\w}])${plain(homedir())}/`))).toEqual([]);
  });

  it('name no registry, not in the lock files either', () => {
    expect(mention(/"resolved":|registry\.(?:npmjs|yarnpkg)\.|\/npm\/-\/|_authToken/)).toEqual([]);
  });

  it('reach for what lies beside the project in one file only', () => {
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

  it('gives require and import one and the same instance', () => {
    const out = node(
      '-e',
      `const required = ${JSON.stringify(names)}.map((name) => require(name));
       Promise.all(${JSON.stringify(names)}.map((name) => import(name))).then((imported) => {
         console.log(JSON.stringify(imported.map((one, i) => Object.keys(one).length > 0 && Object.keys(one).filter((key) => key !== 'default' && key !== 'module.exports').every((key) => one[key] === required[i][key]))));
       });`,
    );
    expect(JSON.parse(out)).toEqual(names.map(() => true));
  });

  it('exports the same names to CommonJS alone', () => {
    const files = subpaths.map((subpath) => fileURLToPath(new URL(`dist/${built(subpath)}`, installed)));
    const out = node(
      '-e',
      `Promise.all(${JSON.stringify(files)}.map(async (file) => [Object.keys(require(file + '.cjs')).sort(), Object.keys(await import(file + '.js')).sort()]))
         .then((all) => console.log(JSON.stringify(all)));`,
    );
    for (const [old, now] of JSON.parse(out) as [string[], string[]][]) expect(old).toEqual(now);
  });

  it('shares one class between all its subpaths', () => {
    const out = node(
      '--input-type=module',
      '-e',
      `const all = await Promise.all(${JSON.stringify(names)}.map((name) => import(name)));
       const seen = new Map(), twice = [];
       for (const one of all) for (const [key, value] of Object.entries(one)) if (seen.has(key) && seen.get(key) !== value) twice.push(key); else seen.set(key, value);
       console.log(JSON.stringify(twice));`,
    );
    expect(JSON.parse(out)).toEqual([]);
  });

  it.each(['.js', '.cjs'])(
    'has classes that bear the names under which they are exported (%s)',
    (extension) => {
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
    },
  );

  it('holds a command that runs and knows its version', () => {
    expect(node(fileURLToPath(new URL('dist/cli.js', installed)), '--version')).toBe(`${manifest.version}\n`);
  });

  it.each(['.js', '.cjs'])(
    'loads nothing but itself and Node when the core is imported (%s)',
    (extension) => {
      const dist = fileURLToPath(new URL('dist/', installed));
      const program = `
      require(${JSON.stringify(`${dist}index${extension}`)});
      console.log(JSON.stringify(Object.keys(require.cache)));`;
      const loaded = (JSON.parse(node('-e', program)) as string[]).filter((file) => !file.startsWith(dist));
      expect(loaded).toEqual([]);
    },
  );

  it('imports statically, from the core on, only its own chunks and what Node has', () => {
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
