import { spawn } from 'node:child_process';
import { program } from '../support/program.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ended> {
  const script = await program(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

/** Runs a process without the credentials of this machine: no key file, no metadata server. */
export const withoutCredentials = (...args: readonly string[]): Promise<Ended> =>
  run('without-credentials.ts', args, {
    PATH: '/nonexistent',
    HOME: '/nonexistent',
    GCE_METADATA_HOST: '127.0.0.1:1',
  });

/** Runs a process that reads a secret with all loggers at their most verbose level. */
export const readLoudly = (...args: readonly string[]): Promise<Ended> =>
  run('read-loudly.ts', args, {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    AZURE_LOG_LEVEL: 'verbose',
    DEBUG: '*',
    GRPC_TRACE: 'all',
    GRPC_VERBOSITY: 'DEBUG',
  });
