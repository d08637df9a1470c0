#!/usr/bin/env node
import process from 'node:process';
import { run } from './run.ts';

for (const out of [process.stdout, process.stderr])
  out.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return; // `llm-config explain … | head -1`: who reads has seen enough
    if (out === process.stdout) process.stderr.write(`error: the answer cannot be written (${code})\n`);
    process.exit(3);
  });

const arrived = (out: NodeJS.WriteStream): Promise<void> => new Promise((on) => out.write('', () => on()));

// what was written to a pipe arrives first; what a module of the application has left open keeps nobody waiting
void run(process.argv.slice(2), process).then(async (code) => {
  await Promise.all([arrived(process.stdout), arrived(process.stderr)]);
  process.exit(code);
});
