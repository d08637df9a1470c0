// CPU time instead of time on the clock, which a busy machine stretches. Used for loads, growth and fresh
// processes.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The CPU time of all threads of this process, in nanoseconds. */
export function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}

/** The CPU time of a run. A result that the compiler could remove must be returned. */
export async function cpuOf(run: () => unknown): Promise<number> {
  const from = cpuNs();
  kept = await run();
  return cpuNs() - from;
}

/** Keeps results, so the compiler cannot remove the work. */
export let kept: unknown;

const bench = fileURLToPath(new URL('.', import.meta.url));

/** Runs a program in a fresh process. Returns the numbers that it prints in its last line, as JSON. */
export function fresh(program: string, options: FreshOptions = {}): number[] {
  const { executable = process.execPath, args = ['--input-type=module', '-e', program], env = {} } = options;
  const out = execFileSync(executable, args, {
    cwd: options.cwd ?? bench,
    env: {
      ...process.env,
      SUPPRESS_NO_CONFIG_WARNING: 'true',
      NODE_CONFIG_DIR: bench,
      NODE_OPTIONS: '',
      ...env,
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1) as string) as number[];
}

export interface FreshOptions {
  readonly executable?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}
