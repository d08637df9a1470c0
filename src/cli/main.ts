#!/usr/bin/env node
import process from 'node:process';
import { run } from './run.ts';

// exitCode, not exit(): what was written to a pipe must arrive first
void run(process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
