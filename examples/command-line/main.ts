import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

const scratch = 'scratch';
const env = { ...process.env, LLM_CONFIG_KEY_FILE: `${scratch}/acme.key`, NO_COLOR: '1' };
let folder = '.';

/** What differs between machines. */
const withoutMachine = (text: string): string =>
  text.replace(/v\d+\.\d+\.\d+/, 'v…').replace(/^packages\n(?: {2}.*\n)+\n/m, '');

/** Prints a command and its output, as a terminal shows them. */
function run(command: string, input = ''): void {
  console.log(`$ ${input && `echo ${input} | `}${command}`);
  const [program = '', ...args] = command.split(' ');
  if (program === 'cd') {
    folder = args[0] as string;
    env.LLM_CONFIG_KEY_FILE = '../acme.key';
    return;
  }
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: folder, env, input, encoding: 'utf8' });
  process.stdout.write(withoutMachine(stdout) + stderr.replace(/^.+ …\n/gm, '')); // without progress notes
  if (status !== 0) console.log(`exit code ${status}`);
}

rmSync(scratch, { recursive: true, force: true });
mkdirSync(`${scratch}/shop`, { recursive: true });
try {
  run('llm-config keygen --out scratch/acme.key');
  run('llm-config set scratch/secrets.yaml.jwe database.password', 'fake-password');
  run('llm-config get scratch/secrets.yaml.jwe database.password');
  run('llm-config explain config.mjs database.password');
  run('llm-config check config.mjs');
  run('llm-config doctor config.mjs');
  run('llm-config report config.mjs --html scratch/report.html');
  run('llm-config scan --module config.mjs main.ts config.mjs');

  run('cd scratch/shop');
  run('llm-config init');
  run('llm-config check');
  run('llm-config env-example --out .env.example --force');
  run('llm-config json-schema --out config/schema.json');

  writeFileSync(`${scratch}/shop/.env`, 'APP_API_TOKEN=fake-token\n');
  run('cat .env');
  run('llm-config run -- node -p process.env.APP_SERVER_PORT');
  run('llm-config run --only api --mask -- node -p process.env.APP_API_TOKEN');
  run('llm-config diff --env APP_LOG_LEVEL=info --env APP_LOG_LEVEL=debug');
  run('llm-config import .env --to config/secrets.yaml.jwe');
  run('llm-config import .env --to config/secrets.yaml.jwe --yes');
  run('llm-config encrypt .env');
  run('llm-config check api.token');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
