import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applications,
  examples,
  filesOf,
  fromSource,
  fromTarball,
  manifestOf,
  type Ran,
  type Runtime,
  recorded,
  type Stage,
} from '../scripts/examples.ts';
import { filesIn, read } from '../scripts/files.ts';
import { manifest, root, source, subpaths } from '../scripts/folders.ts';
import { importsOf, isForeign, packageOf } from '../scripts/imports.ts';

/** `EXAMPLES=package.tgz` installs that package and the dependencies of the examples; else they run on the
 *  sources. */
const tarball = process.env.EXAMPLES;
/** `RUNTIME=bun` and `RUNTIME=deno` run that package there. */
const runtime = (process.env.RUNTIME ?? 'node') as Runtime;
const all = examples();
/** Examples that need Node: they use its test runner, or run the command, which is a program for Node. */
const onNode = ['testing', 'unit-tests', 'command-line', 'cli-modules', 'prompts'];
const runnable = runtime === 'node' ? all : all.filter(({ name }) => !onNode.includes(name));
/** Other runtimes print objects with other quotes and line breaks. */
const comparable = (text: string): string => text.replace(/[\\'"\s,]/g, '');
/** Prints values in the order of the variables, which is another one in Deno. */
const ofVariables = ['ten-lines'];

describe.concurrent('every example', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await (tarball ? fromTarball(resolve(tarball), runtime) : fromSource());
  }, 300_000);
  afterAll(() => stage?.[Symbol.asyncDispose](), 60_000);

  it.for(runnable)(
    '$folder prints its output.txt, and nothing to stderr',
    { timeout: 120_000 },
    async (example, { expect }) => {
      const { code, out, err } = await stage.run(example);
      expect({ code, err }, out).toEqual({ code: 0, err: '' });
      const { file, text } = recorded(example, out);
      if (runtime === 'node') await expect(text).toMatchFileSnapshot(file);
      else {
        const [printed, known] = [text, readFileSync(file, 'utf8')].map(comparable) as [string, string];
        const inOrder = (one: string) =>
          ofVariables.includes(example.name) ? [...one].sort().join('') : one;
        expect(inOrder(printed), printed).toBe(inOrder(known));
      }
    },
  );

  if (tarball && runtime === 'deno')
    it('a variable that alone may be read prints its output', async ({ expect }) => {
      const example = { name: 'env', folder: 'examples/env' };
      await writeFile(
        `${stage.place}/env/narrow.ts`,
        `import { EnvProvider, loadConfig } from '${manifest.name}';
         import { z } from 'zod';
         const Schema = z.object({ server: z.object({ port: z.number() }) });
         console.log((await loadConfig(Schema, new EnvProvider({ prefix: 'APP' }))).value);`,
      );
      const allowing = (name: string): Promise<Ran> => {
        const command = ['deno', 'run', '--no-prompt', '--allow-read', `--allow-env=${name}`, 'narrow.ts'];
        return stage.run(example, command, { APP_SERVER_PORT: '9' });
      };
      expect(await allowing('APP_SERVER_PORT')).toMatchObject({ code: 0, out: '{ server: { port: 9 } }\n' });
      const { code, err } = await allowing('APP_OTHER');
      expect([code, err]).toEqual([1, expect.stringContaining('Add APP_SERVER_PORT to --allow-env')]);
    });

  if (tarball && runtime === 'node')
    it('every example compiles with the types of the packed package', { timeout: 120_000 }, async ({
      expect,
    }) => {
      expect(await stage.compile()).toEqual({ code: 0, out: '', err: '' });
    });
});

describe('examples/README.md', () => {
  it('examples/README.md links to every example, and only to existing files', () => {
    const linked = [...read('examples/README.md').matchAll(/\]\(([^)]+)\)/g)].map(
      ([, file]) => file as string,
    );
    expect(linked.filter((file) => !existsSync(new URL(`examples/${file}`, root)))).toEqual([]);
    expect(
      [
        ...new Set(
          linked.map((file) => file.replace(/\/[^/]+$/, '').replace(/^(?!applications)(.*?)\/.*/, '$1')),
        ),
      ].sort(),
    ).toEqual(
      [...all.map(({ name }) => name), ...applications().map((name) => `applications/${name}`)].sort(),
    );
  });
});

describe('the package.json of an example', () => {
  const peersOf = (specifier: string): string[] => {
    const subpath = subpaths.find((one) => one !== '.' && specifier === manifest.name + one.slice(1));
    if (!subpath) return [];
    const folder = source(subpath).replace(/\/index\.ts$/, '');
    // a package that runs in a child process is named there, not imported
    const texts = filesIn(folder, /\.ts$/).map(read);
    return Object.keys(manifest.peerDependencies ?? {}).filter((name) =>
      texts.some((text) => text.includes(`'${name}'`)),
    );
  };
  /** Packages that only one function of an import needs. */
  const onDemand = ['@pydantic/genai-prices'];
  const importedBy = (folder: string): string[] =>
    filesOf(folder)
      .flatMap((file) => importsOf(file).map(({ target }) => target))
      .filter((target) => isForeign(target) && !target.startsWith('examples/'));
  /** The versions in the install instructions: none older than the ones tried here. */
  const ranges: Readonly<Record<string, string>> = {
    ...manifest.dependencies,
    ...manifest.devDependencies,
    [manifest.name]: `^${manifest.version}`,
  };

  it.each(all)('the package.json of $folder is private and has a start script', (example) => {
    const { name, type, private: hidden, scripts } = manifestOf(example);
    expect({ name, type, private: hidden }).toEqual({
      name: `example-${example.name}`,
      type: 'module',
      private: true,
    });
    expect(scripts.start).toMatch(/^tsx (?:--[\w=-]+ )*main\.ts$/);
  });

  it.each(all)(
    'the package.json of $folder lists what it imports, and a client for each store',
    (example) => {
      const imported = importedBy(example.folder);
      const listed = Object.keys(manifestOf(example).dependencies);
      const clients = imported.map(peersOf);
      expect(listed).toEqual(expect.arrayContaining(imported.map(packageOf)));
      expect(
        listed.filter((name) => !imported.map(packageOf).includes(name) && !clients.flat().includes(name)),
      ).toEqual([]);
      for (const some of clients.map((names) => names.filter((name) => !onDemand.includes(name))))
        expect(some.length === 0 || some.some((name) => listed.includes(name))).toBe(true);
    },
  );

  it.each(all)('the package.json of $folder has the versions that this project tests', (example) => {
    const { dependencies, devDependencies } = manifestOf(example);
    const asked = { ...dependencies, ...devDependencies };
    expect(asked).toEqual(Object.fromEntries(Object.keys(asked).map((name) => [name, ranges[name]])));
    expect(
      Object.keys(devDependencies).filter((name) => name !== 'tsx' && !name.startsWith('@types/')),
    ).toEqual([]);
    expect(devDependencies).toHaveProperty('tsx');
  });
});

describe('the output that a page shows', () => {
  const shown = ['README.md', ...filesIn('docs', /(?<!^docs\/site\/.*)\.md$/)].flatMap((page) =>
    [...read(page).matchAll(/^<!-- in (\S+) -->\n```\w*\n(.*?)\n```$/gms)].map(
      ([, file, text]) => ({ page, file, text }) as Record<'page' | 'file' | 'text', string>,
    ),
  );

  it('every output on a page is in the output.txt that it names', () => {
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter(({ file, text }) => !`\n${read(file)}\n`.includes(`\n${text}\n`))).toEqual([]);
  });
});
