// What importing the core costs a fresh process, beside a package of known weight. A ratio: machines differ.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { root } from './rooms.ts';

const rounds = 15;
const most = 1.1;
const program = (specifier: string): string =>
  `const from = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - from);`;

function cost(specifier: string): number {
  const times = Array.from({ length: rounds }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', program(specifier)], { cwd: fileURLToPath(root), encoding: 'utf8' }),
    ),
  );
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] as number;
}

const core = cost('llm-config-manager');
const yaml = cost('yaml');
console.log(`importing the core ${core.toFixed(1)} ms, yaml ${yaml.toFixed(1)} ms: ${(core / yaml).toFixed(2)} of it, at most ${most}`);
if (core > yaml * most) process.exitCode = 1;
