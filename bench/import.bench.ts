import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// What importing a library costs a fresh process: the median of the times that the import itself takes.
const rounds = 15;
const names = ['llm-config-manager', 'dotenv', 'config', 'convict', 'nconf', 'c12', 'yaml', '@aws-lambda-powertools/parameters/ssm'];
const own = new URL('../dist/index.js', import.meta.url).href;
const bench = fileURLToPath(new URL('.', import.meta.url));
const env = { ...process.env, SUPPRESS_NO_CONFIG_WARNING: 'true', NODE_CONFIG_DIR: bench };

const times = new Map(names.map((name) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++)
  for (const name of names) {
    const program = `const from = performance.now(); await import(${JSON.stringify(name === names[0] ? own : name)}); console.log(performance.now() - from);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: bench, env, encoding: 'utf8' });
    times.get(name)?.push(Number(out.trim().split('\n').at(-1)));
  }
const median = (name: string): number => [...(times.get(name) as number[])].sort((a, b) => a - b)[Math.floor(rounds / 2)] as number;
const unit = median(names[0] as string);
console.log(`${'importing into a fresh process'.padEnd(58)}${'time'.padStart(9)}  × ours`);
for (const name of names)
  console.log(`  ${name.padEnd(54)}  ${`${median(name).toFixed(1)} ms`.padStart(9)}  ${(median(name) / unit).toFixed(2)}`);
