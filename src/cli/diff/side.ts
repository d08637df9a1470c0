// One side of `diff`: a process of its own loads the module with variables of its own, because a module is
// imported only once in a process. Values come back through a channel that no other process can read.

import { spawn } from 'node:child_process';
import process from 'node:process';
import { ConfigError, type ErrorCode, isConfigError, nameAndCode } from '../../errors.ts';
import { startsWith } from '../../key.ts';
import type { ConfigValue } from '../../value.ts';
import type { Io } from '../io.ts';
import { explainedBy, knownKeys, type Listing, listing } from '../listing.ts';
import { loadModule } from '../module.ts';

/** A module, and variables that only it has. */
export interface Side {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

type Answer = { readonly listing: Listing } | { readonly code: ErrorCode; readonly message: string };

/** The program of the other process: it imports this file, by its address. */
const program = 'const { serve } = await import(process.argv[1]); serve(process);';

/** The keys of a side, with the defaults of its schema. */
export async function readSide({ file, env }: Side, io: Io): Promise<Listing> {
  const args = [...process.execArgv, '--input-type=module', '-e', program, import.meta.url];
  const child = spawn(process.execPath, args, {
    cwd: io.cwd(),
    env: { ...io.env, ...env },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Answer));
      child.once('error', reject);
      child.once('close', () => reject(new ConfigError('io', `the module ${file} has ended the process`)));
      child.send(file);
    });
    if ('listing' in answer) return answer.listing;
    throw new ConfigError(answer.code, answer.message);
  } finally {
    child.kill();
  }
}

/** Waits for the name of a module, and answers with its keys. Called in the other process. */
export function serve(channel: NodeJS.Process): void {
  channel.once('disconnect', () => channel.exit()); // the command has ended
  const send = (answer: Answer): void => void channel.send?.(answer, () => undefined);
  const fail = (error: unknown): void => {
    if (isConfigError(error)) send({ code: error.code, message: error.message });
    else send({ code: 'io', message: `unexpected: ${nameAndCode(error)}` });
  };
  channel.on('uncaughtException', fail); // of what the module has started, and awaits nowhere
  channel.once('message', async (file: string) => {
    try {
      const loaded = await loadModule(file, channel);
      try {
        const found = await listing(loaded);
        send({ listing: { ...found, keys: [...found.keys, ...defaultsOf(loaded, found)] } });
      } finally {
        await loaded.close().catch(() => undefined);
      }
    } catch (error) {
      fail(error);
    }
  });
}

/** The defaults of the schema for keys that no provider has. */
function defaultsOf(
  loaded: Parameters<typeof explainedBy>[0],
  { keys, unreadable }: Listing,
): Listing['keys'] {
  const taken = [...keys, ...unreadable].map(({ key }) => key);
  return knownKeys(explainedBy(loaded)).keys.flatMap(({ key, secret, ...known }) => {
    const isTaken = taken.some((one) => startsWith(one, key) || startsWith(key, one));
    if (isTaken || known.default === undefined) return [];
    return [{ key, value: known.default as ConfigValue, secret, origin: 'default of the schema' }];
  });
}
