// `completion`: prints the script with which a shell completes the command line. It needs the list of all
// commands, of which it is one.

import { lazy } from '../../internal/lazy.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';

const loadScripts = lazy(() => import('../completion.ts'));

export const completionOf = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  arguments: ['SHELL'],
  summary: 'print the script with which bash, zsh or fish completes commands and options',
  flags: {},
  examples: [
    'source <(llm-config completion bash)  # in ~/.bashrc',
    'source <(llm-config completion zsh)  # in ~/.zshrc, after compinit',
    'llm-config completion fish | source  # in ~/.config/fish/config.fish',
  ],
  async run({ positionals: [name] }) {
    const { shells, completionFor } = await loadScripts();
    const shell = shells.find((one) => one === name);
    if (!shell) throw new UsageError(`SHELL must be one of ${shells.join(', ')}`);
    const text = completionFor(shell, commands());
    return { text, exact: true, json: { shell, script: text } };
  },
});
