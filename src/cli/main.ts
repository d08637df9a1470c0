#!/usr/bin/env node
import process from 'node:process';
import { run } from './run.ts';

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
