import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Built, builtCommand, running } from './built.ts';

/** Each command on a new project; in `.ci/run` only, because it starts many processes. */
const commands = [
  'init',
  'check',
  'explain',
  'explain server.port',
  'unused',
  'env-example',
  'json-schema',
  'run -- node -p process.env.APP_SERVER_PORT',
  'diff --env APP_LOG_LEVEL=info --env APP_LOG_LEVEL=debug',
  'import .env.example --to new.json',
  'keygen --out acme.key',
  'scan',
  'doctor',
  'report --html report.html',
  'check server.prot',
  'init',
];

describe.runIf(process.env.CLI_THOROUGH && existsSync('/usr/bin/script'))('a new project', () => {
  let built: Built;
  beforeAll(async () => {
    built = await builtCommand();
  });

  it('each command prints the same on a terminal and into a pipe, except for colours', {
    timeout: 120_000,
  }, async () => {
    const printed = async (isTerminal: boolean): Promise<string> => {
      await using project = await built.project({});
      const line = (command: string) => `${project.command(...command.split(' ')).join(' ')}; echo "code $?"`;
      const script = commands.map(line).join('\n');
      await project.write({ 'all.sh': script });
      const command = isTerminal
        ? (['/usr/bin/script', '-qec', 'sh all.sh', '/dev/null'] as const)
        : (['/bin/sh', 'all.sh'] as const);
      const run = running([...command], project.directory, { TERM: 'xterm' });
      // a terminal asks before it writes
      if (isTerminal) await run.until('[Y/n]').then(() => run.child.stdin?.write('n\n'));
      await run.ended;
      return run.text();
    };
    const [terminal, pipe] = [await printed(true), await printed(false)];
    expect(terminal).toContain('\x1b[32mThe configuration is valid.\x1b[39m');
    expect(pipe).not.toContain('\x1b');
    const plain = (text: string) =>
      text
        .replaceAll('\r', '')
        .replace(/\x1b\[\d+m/g, '')
        .split('\n')
        .filter((line) => !/ …$|\[Y\/n\]|^n$|^nothing is written|^[\w-]{20,}$|ago$/.test(line))
        .sort();
    expect(plain(terminal)).toEqual(plain(pipe));
    expect(pipe.match(/code \d/g)?.map((code) => Number(code.at(-1)))).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 3,
    ]);
  });
});
