import { spawnSync } from 'node:child_process';

/** Prints a command and its output, as a terminal shows them. */
function run(command: string): void {
  console.log(`$ ${command}`);
  const [program = '', ...args] = command.split(' ');
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  process.stdout.write(stdout + stderr.replace(/^.* …\n/gm, '')); // without progress notes
}

run('llm-config check');
for (const module of ['sources.ts', 'made.ts', 'loaded.ts']) run(`llm-config check ${module} server.port`);
run('llm-config explain server.host');
run('llm-config explain --json');
