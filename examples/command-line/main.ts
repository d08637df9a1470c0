import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';

const scratch = 'scratch';
const env = { ...process.env, LLM_CONFIG_KEY_FILE: `${scratch}/acme.key`, NO_COLOR: '1' };

/** What differs between machines. */
const withoutMachine = (text: string): string =>
  text.replace(/v\d+\.\d+\.\d+/, 'v…').replace(/^packages\n(?: {2}.*\n)+\n/m, '');

/** Prints a command and its output, as a terminal shows them. */
function run(command: string, input = ''): void {
  console.log(`$ ${input && `echo ${input} | `}${command}`);
  const [program = '', ...args] = command.split(' ');
  const { stdout, stderr, status } = spawnSync(program, args, { env, input, encoding: 'utf8' });
  process.stdout.write(withoutMachine(stdout) + stderr.replace(/^\w+ …\n/gm, '')); // without progress notes
  if (status !== 0) console.log(`exit code ${status}`);
}

rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch);
try {
  run('llm-config keygen --out scratch/acme.key');
  run('llm-config set scratch/secrets.yaml.jwe database.password', 'fake-password');
  run('llm-config get scratch/secrets.yaml.jwe database.password');
  run('llm-config explain config.mjs database.password');
  run('llm-config check config.mjs');
  run('llm-config doctor config.mjs');
  run('llm-config scan --module config.mjs main.ts config.mjs');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
