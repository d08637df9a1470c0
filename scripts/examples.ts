// Runs the examples, from the sources or from a packed package. Used by test/examples.test.ts.
import { fork, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { program } from '../test/support/program.ts';
import { filesIn } from './files.ts';
import { built, manifest, root, source, subpaths } from './folders.ts';

export interface Example {
  readonly name: string;
  /** `examples/quick-start` */
  readonly folder: string;
}

/** The folders of examples/ with a main.ts. Each example needs no arguments, servers or network, and ends
 *  by itself. */
export function examples(): readonly Example[] {
  return readdirSync(new URL('examples/', root))
    .map((name) => ({ name, folder: `examples/${name}` }))
    .filter(({ folder }) => existsSync(new URL(`${folder}/main.ts`, root)));
}

/** The names of the folders of examples/applications/, which test/applications builds and runs. */
export const applications = (): readonly string[] => readdirSync(new URL('examples/applications/', root));

/** The code files of a folder, without node_modules and without what test/applications builds. */
export const filesOf = (folder: string): readonly string[] =>
  filesIn(folder, /\.m?[jt]s$/).filter((file) => !/\/node_modules\/|^examples\/applications\//.test(file));

export interface ExampleManifest {
  readonly name: string;
  readonly private: boolean;
  readonly type: string;
  readonly scripts: Readonly<Record<'start', string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const manifestOf = ({ folder }: Example): ExampleManifest =>
  JSON.parse(readFileSync(new URL(`${folder}/package.json`, root), 'utf8')) as ExampleManifest;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A copy of examples/ outside the project, where the examples run as they do for users. */
export interface Stage extends AsyncDisposable {
  /** The folder of the copy. */
  readonly place: string;
  /** `command`: instead of the one that starts it; with other variables. */
  run(example: Example, command?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
  /** Type-checks all examples against the package that is installed there. */
  compile(): Promise<Ran>;
}

const project = fileURLToPath(root);
const modules = join(project, 'node_modules');

/** Compiles relative imports to separate files instead of bundling them. */
const separateFiles: Plugin = {
  name: 'separate files',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ path }) => ({ path: path.replace(/\.ts$/, '.js'), external: true })),
};

/** Examples that need a process of their own: they run tests, or collect the metrics of the whole process. */
const separate = ['otel', 'prom-client', 'testing', 'unit-tests'];

/** Runs on the sources. Builds them as a package and compiles the examples first, so they start quickly. Most
 *  share one process; `fromTarball` runs each in its own. */
export const fromSource = (): Promise<Stage> =>
  staged(async (place) => {
    const installed = join(place, 'node_modules');
    const own = join(installed, manifest.name);
    const bin = join(installed, '.bin');
    for (const folder of [own, bin]) mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(modules))
      if (name !== '.bin') symlinkSync(join(modules, name), join(installed, name));
    symlinkSync(join(own, 'dist/cli.js'), join(bin, Object.keys(manifest.bin ?? {})[0] as string));
    cpSync(join(project, 'package.json'), join(own, 'package.json'));
    const common: BuildOptions = {
      bundle: true,
      packages: 'external',
      platform: 'node',
      target: 'node20',
      format: 'esm',
    };
    const entryPoints = Object.fromEntries(subpaths.map((subpath) => [built(subpath), source(subpath)]));
    await Promise.all([
      build({
        ...common,
        absWorkingDir: project,
        entryPoints: { ...entryPoints, cli: 'src/cli/main.ts' },
        splitting: true,
        outdir: join(own, 'dist'),
      }),
      build({
        ...common,
        entryPoints: filesOf('examples').flatMap((file) =>
          /(?<!\.test)\.ts$/.test(file) ? [join(project, file)] : [],
        ),
        outbase: join(project, 'examples'),
        outdir: place,
        plugins: [separateFiles],
        // instead of the project's tsconfig, whose paths lead to src/
        tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
      }),
    ]);
    return {
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      command: (example) => {
        const [, ...args] = manifestOf(example).scripts.start.split(' '); // tsx --some-flag main.ts
        return [process.execPath, ...args.map((arg) => arg.replace(/\.ts$/, '.js'))];
      },
      shares: ({ name }) => !separate.includes(name),
    };
  });

/** How each runtime starts an example. Bun would read `.env` itself. */
const runtimes = {
  node: ['npm', 'start', '--silent'],
  bun: ['bun', '--no-env-file', 'run', 'main.ts'],
  deno: ['deno', 'run', '--allow-all', '--quiet', 'main.ts'],
};
export type Runtime = keyof typeof runtimes;

/** Runs on a packed package, installed together with the dependencies of each example. */
export const fromTarball = (tarball: string, runtime: Runtime): Promise<Stage> =>
  staged(async (place) => {
    const workspace = { private: true, workspaces: ['*'], overrides: { [manifest.name]: `file:${tarball}` } };
    writeFileSync(join(place, 'package.json'), JSON.stringify(workspace));
    const { code, err } = await run(
      ['npm', 'install', '--loglevel=error', '--no-fund', '--no-audit'],
      place,
      process.env,
    );
    if (code !== 0) throw new Error(`npm install exited with ${code}\n${err}`);
    const PATH = `${join(place, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
    return { PATH, command: () => runtimes[runtime] };
  });

interface Prepared {
  readonly PATH: string | undefined;
  command(example: Example): readonly string[];
  /** Whether an example may run in one process with others. */
  shares?(example: Example): boolean;
}

async function staged(prepare: (place: string) => Promise<Prepared>): Promise<Stage> {
  const place = mkdtempSync(join(tmpdir(), 'examples-'));
  const remove = (): Promise<void> => rm(place, { recursive: true, force: true });
  try {
    cpSync(join(project, 'examples'), place, {
      recursive: true,
      filter: (name) => !/node_modules$|examples.applications$/.test(name),
    });
    const { PATH, command, shares } = await prepare(place);
    // examples inherit no other variables, not even TMPDIR, whose length would show in tables
    const env = { PATH, HOME: process.env.HOME, NO_COLOR: '1' };
    const shared = shares && (await sharedProcess(place, env));
    return {
      place,
      run: async (example, other, variables) => {
        const ran = !other && !variables && shares?.(example) ? await shared?.run(example) : undefined;
        return ran ?? run(other ?? command(example), join(place, example.name), { ...env, ...variables });
      },
      compile: () => compile(place, env),
      [Symbol.asyncDispose]: async () => {
        shared?.end();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function compile(place: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const { paths, ...compilerOptions } = JSON.parse(
    readFileSync(join(project, 'tsconfig.json'), 'utf8'),
  ).compilerOptions;
  const typeRoots = [join(modules, '@types')];
  // those of `clients` need servers to run
  const include = [...examples().map(({ name }) => name), 'clients'].map((name) => `${name}/**/*`);
  writeFileSync(
    join(place, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, typeRoots }, include }),
  );
  return run([process.execPath, join(modules, 'typescript/bin/tsc'), '--project', place], place, env);
}

/** Runs examples in one process. `run` returns undefined if one of them ended the process. */
async function sharedProcess(place: string, env: NodeJS.ProcessEnv) {
  const file = await program(new URL('examples-process.ts', import.meta.url));
  const child = fork(file, [place], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const waiting = new Map<string, (ran?: Ran) => void>();
  let direct = ''; // written past process.stderr
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    direct += text;
  });
  child.on('message', ({ name, code, out, err }: Ran & { readonly name: string }) => {
    waiting.get(name)?.({ code, out, err: err + direct });
    direct = '';
  });
  child.on('close', () => {
    for (const give of waiting.values()) give();
  });
  return {
    run: ({ name }: Example) =>
      new Promise<Ran | undefined>((resolve) => {
        waiting.set(name, resolve);
        if (child.connected) child.send(name);
        else resolve(undefined);
      }),
    end: () => child.connected && child.disconnect(),
  };
}

function run([program, ...args]: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const child = spawn(program as string, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** The file with the recorded output of an example, and its current output. A recorded `…` matches any text
 *  within the line, and the current output then has the recorded line. */
export function recorded({ folder }: Example, out: string): { readonly file: string; readonly text: string } {
  const file = join(project, folder, 'output.txt');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const fits = (line: string, wanted: string): boolean => {
    const parts = wanted.split('…').map((part) => part.replace(/[^\w\s]/g, '\\$&'));
    return parts.length > 1 && new RegExp(`^${parts.join('.*')}$`).test(line);
  };
  const text = out.split('\n').map((line, i) => (fits(line, lines[i] ?? '') ? lines[i] : line));
  return { file, text: text.join('\n') };
}
