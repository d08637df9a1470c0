#!/usr/bin/env node
import process from 'node:process';
import { run } from './run.ts';

// `llm-config explain … | head -1`: who reads has seen enough
for (const out of [process.stdout, process.stderr])
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

// exitCode, not exit(): what was written to a pipe must arrive first
void run(process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
