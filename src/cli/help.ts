// The help of `llm-config` and of each command, as text. Used by run.ts.

import type { Flag } from './arguments.ts';
import { type Command, commonFlags } from './command.ts';

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

const usageOf = (command: Command): string => ['llm-config', command.name, ...command.arguments].join(' ');

/** The help for all commands, or for the commands of one group. */
export function overview(commands: readonly Command[], group: string): string {
  const shown = commands.filter(({ name }) => name === group || name.startsWith(`${group} `));
  const [only] = shown;
  if (shown.length === 1 && only) return helpFor(only);
  return [
    'llm-config: checks, explains and runs with a configuration; manages encrypted files and sealed values',
    '',
    columns((shown.length > 0 ? shown : commands).map((command) => [usageOf(command), command.summary])),
    '',
    'MODULE exports a chain and a schema. Without it, a command uses config.ts, config.mts, config.mjs,',
    'config.js or config.cjs in this folder or in src.',
    'The key comes from --key-file, --key-env, --password or --password-env; without these options, from',
    'LLM_CONFIG_KEY or from the file that LLM_CONFIG_KEY_FILE names.',
    'Every command accepts --json and --help.',
    '',
    'Exit codes: 0 done, 1 a negative answer (not found, invalid), 2 wrong usage, 3 failure.',
    '',
    'Get started:',
    '  llm-config init',
    '  llm-config check',
    '  llm-config keygen --out ~/.config/acme.key',
    '  export LLM_CONFIG_KEY_FILE=~/.config/acme.key',
    '  llm-config set config/secrets.yaml.jwe database.password',
  ].join('\n');
}

export function helpFor(command: Command): string {
  const row = ([name, flag]: readonly [string, Flag]): readonly [string, string] => [
    `--${name}${flag.type === 'string' ? ` ${flag.value ?? 'TEXT'}` : ''}`,
    `${flag.summary}${flag.multiple ? '; may be repeated' : ''}`,
  ];
  return [
    `${usageOf(command)} [options]`,
    '',
    `  ${command.summary}`,
    '',
    'Options:',
    columns(Object.entries({ ...command.flags, ...commonFlags }).map(row)),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
  ].join('\n');
}
