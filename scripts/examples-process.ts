// Runs examples in one process, one after another, so that they load their packages once. Started by
// examples.ts, which sends names and gets what they printed. An example ends when nothing is left to wait
// for, like a process.
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { Ran } from './examples.ts';

/** Longer than any example takes. */
const limitMs = 60_000;
/** The exit code of Node for a top-level `await` that never settles. */
const unsettled = 13;

const [, , place = ''] = process.argv;
const variables = { ...process.env };
const names: string[] = [];
let end: (() => void) | undefined;
let out = '';
let err = '';

process.on('message', (name: string) => {
  names.push(name);
  if (!end) next();
});
process.on('beforeExit', next);
process.on('uncaughtException', fail);
collect('stdout', (text) => {
  out += text;
});
collect('stderr', (text) => {
  err += text;
});

function next(): void {
  end?.();
  const name = names.shift();
  end = name === undefined ? undefined : start(name);
  // an example does not wait for messages
  if (end) process.channel?.unref();
  else process.channel?.ref();
}

/** Returns what to do when the example has ended. */
function start(name: string): () => void {
  out = '';
  err = '';
  for (const variable of Object.keys(process.env)) delete process.env[variable];
  Object.assign(process.env, variables);
  const folder = join(place, name);
  const main = join(folder, 'main.js');
  process.chdir(folder);
  process.argv[1] = main;

  const limit = setTimeout(() => process.exit(1), limitMs).unref();
  let loaded = false;
  const finished = (): void => {
    loaded = true;
  };
  import(pathToFileURL(main).href).catch(fail).then(finished);
  return () => {
    clearTimeout(limit);
    const ran: Ran = { code: loaded ? Number(process.exitCode ?? 0) : unsettled, out, err };
    process.exitCode = undefined;
    process.send?.({ name, ...ran });
  };
}

function fail(error: unknown): void {
  err += `${inspect(error)}\n`;
  process.exitCode = 1;
}

function collect(stream: 'stdout' | 'stderr', add: (text: string) => void): void {
  const value = new Writable({
    write(chunk, _encoding, done) {
      add(String(chunk));
      done();
    },
  });
  Object.defineProperty(process, stream, { value });
}
