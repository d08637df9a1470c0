import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { sandbox } from 'llm-config-manager/testing';

const project = fileURLToPath(new URL('../../', import.meta.url));

/** The command as a program that Node starts quickly, beside the library that modules import. */
export interface Built {
  /** The file that Node runs. */
  readonly program: string;
  /** The address of the library, for modules. */
  readonly library: string;
  /** A folder with a project of its own, where modules find the library, zod and jiti. */
  project(files: Readonly<Record<string, string>>): Promise<Project>;
}

export interface Project extends AsyncDisposable {
  readonly directory: string;
  path(file: string): string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** The command line of `llm-config` with arguments. */
  command(...args: readonly string[]): readonly [string, ...string[]];
  start(args: readonly string[], env?: NodeJS.ProcessEnv): Running;
}

export interface Running {
  readonly child: ChildProcess;
  /** Everything that it has printed so far. */
  text(): string;
  /** Resolves when it has printed `text`. */
  until(text: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

let building: Promise<Built> | undefined;

/** Builds the command, once in a worker. In several files, because `diff` starts one of them. */
export function builtCommand(): Promise<Built> {
  building ??= buildCommand();
  return building;
}

async function buildCommand(): Promise<Built> {
  const { outputFiles } = await build({
    absWorkingDir: project,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    entryPoints: { cli: 'src/cli/main.ts', index: 'src/index.ts' },
    splitting: true,
    outdir: '.',
    write: false,
  });
  const hash = createHash('sha256');
  for (const { hash: one } of outputFiles) hash.update(one);
  // inside the project, because Node must find the packages
  const output = join(project, 'node_modules/.cache/programs', `cli-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(output)) {
    const written = `${output}.${process.pid}`;
    mkdirSync(written, { recursive: true });
    for (const { path, contents } of outputFiles) writeFileSync(join(written, basename(path)), contents);
    try {
      renameSync(written, output); // at once, because another process may be running it
    } catch {
      rmSync(written, { recursive: true }); // another worker was faster
    }
  }
  const program = join(output, 'cli.js');
  const library = pathToFileURL(join(output, 'index.js')).href;
  return {
    program,
    library,
    project: async (files) => {
      const box = await sandbox({ files });
      mkdirSync(box.path('node_modules'));
      for (const name of ['zod', 'jiti'])
        symlinkSync(join(project, 'node_modules', name), box.path(`node_modules/${name}`));
      await box.write({
        'node_modules/llm-config-manager/package.json': '{ "type": "module", "exports": "./index.js" }',
        'node_modules/llm-config-manager/index.js': `export * from '${library}';`,
      });
      const command = (...args: readonly string[]) => [process.execPath, program, ...args] as const;
      return {
        directory: box.directory,
        path: box.path,
        write: box.write,
        command,
        start: (args, env = {}) => running(command(...args), box.directory, env),
        [Symbol.asyncDispose]: box.dispose,
      };
    },
  };
}

/** Starts a program whose output is a pipe. */
export function running(
  [program, ...args]: readonly [string, ...string[]],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Running {
  const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, ...env } });
  let printed = '';
  const waiting = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    printed += chunk;
    for (const look of waiting) look();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<Awaited<Running['ended']>>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (printed.includes(text)) resolve();
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${text}: ${printed}`)));
    });
  return { child, text: () => printed, until, ended };
}
