#!/usr/bin/env node
import process from 'node:process';
import { run } from './run.ts';

// `llm-config explain … | head -1`: who reads has seen enough
for (const out of [process.stdout, process.stderr])
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

const arrived = (out: NodeJS.WriteStream): Promise<void> => new Promise((on) => out.write('', () => on()));

// what was written to a pipe arrives first; what a module of the application has left open keeps nobody waiting
void run(process.argv.slice(2), process).then(async (code) => {
  await Promise.all([arrived(process.stdout), arrived(process.stderr)]);
  process.exit(code);
});
