// The scripts with which bash, zsh and fish complete `llm-config`: names of commands, their options, and
// files elsewhere. Used by `completion`. They hold the names, so that no key press starts Node.

import type { Flags } from './arguments.ts';
import { type Command, commonFlags } from './command.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

interface Word {
  readonly text: string;
  readonly summary: string;
  /** An option that takes a value. */
  readonly takesValue?: boolean;
}
/** Words by what is typed before them: `''` or the name of a command or of a group, such as `recipients`. */
type Words = ReadonlyMap<string, readonly Word[]>;

/** The words that continue a command's name. */
function namesOf(commands: readonly Command[]): Words {
  const names = new Map<string, Map<string, Word>>();
  const add = (before: string, text: string, summary: string): void => {
    names.set(before, (names.get(before) ?? new Map()).set(text, { text, summary }));
  };
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ');
    if (second === undefined) add('', first, summary);
    else {
      add(first, second, summary);
      add('', first, [...(names.get(first)?.keys() ?? [])].join(', '));
    }
  }
  return new Map([...names].map(([before, words]) => [before, [...words.values()]]));
}

function optionsOf(commands: readonly Command[]): Words {
  const words = (flags: Flags): readonly Word[] =>
    Object.entries(flags).map(([name, { type, summary }]) => ({
      text: `--${name}`,
      summary,
      takesValue: type === 'string',
    }));
  return new Map(commands.map(({ name, flags }) => [name, words({ ...flags, ...commonFlags })]));
}

/** A text in single quotes for bash and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
/** The same for fish. */
const fishQuoted = (text: string): string => `'${text.replace(/['\\]/g, String.raw`\$&`)}'`;

const cases = (words: Words, pattern: (before: string) => string, then: (words: readonly Word[]) => string) =>
  [...words].map(([before, list]) => `    ${pattern(before)}) ${then(list)} ;;`).join('\n');
const exactly = (before: string): string => `'${before} '`;
const startsWith = (before: string): string => `'${before} '*`;

function bash(names: Words, options: Words): string {
  const then = (words: readonly Word[]) => `words='${words.map(({ text }) => text).join(' ')}'`;
  return `_llm_config() {
  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1} " current="\${COMP_WORDS[COMP_CWORD]}" words=''
  if [[ $current == -* ]]; then case "$typed" in
${cases(options, startsWith, then)}
  esac; else case "$typed" in
${cases(names, exactly, then)}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _llm_config llm-config
`;
}

function zsh(names: Words, options: Words): string {
  const then = (words: readonly Word[]) =>
    `found=(${words.map(({ text, summary }) => quoted(`${text}:${summary}`)).join(' ')})`;
  return `_llm_config() {
  local typed="\${words[2,CURRENT-1]} "
  local -a found
  if [[ $PREFIX == -* ]]; then case "$typed" in
${cases(options, startsWith, then)}
  esac; else case "$typed" in
${cases(names, exactly, then)}
  esac; fi
  if (( $#found )); then _describe llm-config found; else _files; fi
}
compdef _llm_config llm-config
`;
}

function fish(names: Words, options: Words): string {
  const lines = (words: Words, condition: string, what: (word: Word) => string): string =>
    [...words]
      .flatMap(([before, list]) => {
        const start = `complete -c llm-config -n '__llm_config_${condition} "${before}"'`;
        return list.map((word) => `${start} ${what(word)} -d ${fishQuoted(word.summary)}`);
      })
      .join('\n');
  return `function __llm_config_typed
    set -l words (commandline -opc)
    set -e words[1]
    string join ' ' -- $words
end
function __llm_config_after
    set -l typed (__llm_config_typed)
    test "$typed" = "$argv"
end
function __llm_config_in
    set -l typed (__llm_config_typed)
    string match -q -- "$argv *" "$typed "
end
${lines(names, 'after', ({ text }) => `-f -a ${text}`)}
${lines(options, 'in', ({ text, takesValue }) => `-l ${text.slice(2)}${takesValue ? ' -r -F' : ''}`)}
`;
}

const scripts = { bash, zsh, fish };

export const shells = Object.keys(scripts) as readonly Shell[];

/** The script for a shell. */
export const completionFor = (shell: Shell, commands: readonly Command[]): string =>
  scripts[shell](namesOf(commands), optionsOf(commands));
