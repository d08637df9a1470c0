import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--config', config, '--reporter', 'verbose'], {
  encoding: 'utf8',
});
console.log(stdout.replace(/^ RUN .*$/m, '').trim());
if (status !== 0) console.error(stderr);
process.exitCode = status ?? 1;
