#!/usr/bin/env node
// The program `llm-config`: runs its command line and ends the process with the exit code. The work is in
// run.ts.

import process from 'node:process';
import { nameAndCode } from '../errors.ts';
import { run } from './run.ts';

// Node prints the message of an error that nothing catches, and it may contain a secret
process.on('uncaughtException', (error) => {
  if (process.listenerCount('uncaughtException') > 1) return; // the module has a handler of its own
  process.stderr.write(`error: unexpected: ${nameAndCode(error)}, which nothing has caught\n`);
  process.exit(3);
});

for (const out of [process.stdout, process.stderr])
  out.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return; // `llm-config explain … | head -1`: the reader closed the pipe
    if (out === process.stdout) process.stderr.write(`error: the output cannot be written (${code})\n`);
    process.exit(3);
  });

const flushed = (out: NodeJS.WriteStream): Promise<void> => new Promise((on) => out.write('', () => on()));

// Waits until all output is written to a pipe, but not for what a module of the application has left open.
void run(process.argv.slice(2), process).then(async (code) => {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
});
