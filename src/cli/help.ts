import type { Flag, Flags } from './arguments.ts';
import type { Command } from './command.ts';

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

const usageOf = (command: Command): string => ['llm-config', command.name, ...command.arguments].join(' ');

/** All commands, or those of one group. */
export function overview(commands: readonly Command[], more: Flags, group: string): string {
  const shown = commands.filter(({ name }) => name === group || name.startsWith(`${group} `));
  const [only] = shown;
  if (shown.length === 1 && only) return helpFor(only, more);
  return [
    'llm-config: encrypted configuration files, sealed values, and what a configuration is made of',
    '',
    columns((shown.length > 0 ? shown : commands).map((command) => [usageOf(command), command.says])),
    '',
    'A key comes from --key-file, --key-env or --password; without them from the variable LLM_CONFIG_KEY',
    'or the file that LLM_CONFIG_KEY_FILE names. Every command takes --json and --help.',
    '',
    'Exit codes: 0 done, 1 a negative answer (not found, invalid), 2 wrong usage, 3 failure.',
    '',
    'Begin:',
    '  llm-config keygen --out ~/.config/acme.key',
    '  export LLM_CONFIG_KEY_FILE=~/.config/acme.key',
    '  llm-config set config/secrets.yaml.jwe database.password',
  ].join('\n');
}

export function helpFor(command: Command, more: Flags): string {
  const spelled = ([name, flag]: readonly [string, Flag]): readonly [string, string] => [
    `--${name}${flag.type === 'string' ? ` ${flag.value ?? 'TEXT'}` : ''}`,
    `${flag.says}${flag.multiple ? '; may be repeated' : ''}`,
  ];
  return [
    `${usageOf(command)} [options]`,
    '',
    `  ${command.says}`,
    '',
    'Options:',
    columns(Object.entries({ ...command.flags, ...more }).map(spelled)),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
  ].join('\n');
}
