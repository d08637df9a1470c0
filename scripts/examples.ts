import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { root } from './rooms.ts';

export interface Example {
  /** `examples/quick-start` */
  readonly folder: string;
  /** `examples/quick-start/main.ts` */
  readonly main: string;
}

/** Every folder of examples/ with a main.ts; each runs without arguments, servers or the network, and ends by itself. */
export function examples(): readonly Example[] {
  return readdirSync(new URL('examples/', root))
    .map((name) => ({ folder: `examples/${name}`, main: `examples/${name}/main.ts` }))
    .filter(({ main }) => existsSync(new URL(main, root)));
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs an example in a process of its own: on the sources, or `built` as an application would, on the package in dist/. */
export function run(example: Example, options: { readonly built: boolean }): Promise<Ran> {
  const { NODE_OPTIONS, FORCE_COLOR, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', example.main], {
    cwd: fileURLToPath(root),
    env: { ...env, NO_COLOR: '1', TSX_TSCONFIG_PATH: options.built ? 'examples/tsconfig.json' : 'tsconfig.json' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
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
