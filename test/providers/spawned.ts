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

/** A process with nothing of the machine's own credentials: no key file, and no metadata server. */
export const withoutCredentials = (...args: readonly string[]): Promise<Ended> =>
  run('without-credentials.ts', args, {
    PATH: '/nonexistent',
    HOME: '/nonexistent',
    GCE_METADATA_HOST: '127.0.0.1:1',
  });

/** One that reads a secret while every logger there is has been told to speak. */
export const readLoudly = (...args: readonly string[]): Promise<Ended> =>
  run('read-loudly.ts', args, {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    AZURE_LOG_LEVEL: 'verbose',
    DEBUG: '*',
    GRPC_TRACE: 'all',
    GRPC_VERBOSITY: 'DEBUG',
  });
