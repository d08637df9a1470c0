import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { completionFor, shells } from '../../src/cli/completion.ts';
import { llmConfig } from './terminal.ts';

/** What bash offers for the last of these words. */
function offered(...words: readonly string[]): readonly string[] {
  const line = ['llm-config', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${completionFor('bash', commands)}
    COMP_WORDS=(${line}); COMP_CWORD=${words.length}
    _llm_config; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe('llm-config completion', () => {
  it.each(shells)('the script of %s has each command with its options', async (shell) => {
    const { code, out, err } = await llmConfig(['completion', shell]);
    expect([code, err]).toEqual([0, '']);
    for (const { name, flags } of commands) {
      expect(out).toMatch(new RegExp(`['"]${name}[ '"]`));
      for (const flag of Object.keys(flags)) expect(out).toMatch(new RegExp(`(?:--|-l )${flag}\\b`));
    }
  });

  it('bash completes commands, commands of a group, and options', () => {
    expect(offered('sn')).toEqual(['snapshot']);
    expect(offered('')).toEqual([...new Set(commands.map(({ name }) => name.split(' ')[0]))]);
    expect(offered('recipients', '')).toEqual(['list', 'add', 'remove', 'rotate']);
    expect(offered('recipients', 'rotate', '--con')).toEqual(['--context', '--content']);
    expect(offered('rotate', '--st')).toEqual(['--step', '--status']);
    expect(offered('keygen', '--out', 'x.key', '--x')).toEqual(['--x25519']);
    expect(offered('check', '--')).toEqual(['--json', '--help']);
  });

  it('bash completes files where no command and no option begins', () => {
    expect(offered('check', 'dist/')).toEqual([]);
    expect(offered('keygen', '--out', '')).toEqual([]);
    expect(completionFor('bash', commands)).toContain('complete -o default');
  });

  it('texts with quotes stay texts', () => {
    const example = commands.map((command) => ({ ...command, summary: String.raw`it's \ $(x) : y` }));
    expect(completionFor('zsh', example)).toContain(String.raw`'init:it'\''s \ $(x) : y'`);
    expect(completionFor('fish', example)).toContain(String.raw`-a init -d 'it\'s \\ $(x) : y'`);
  });

  it('another shell is wrong usage', async () => {
    const { code, err } = await llmConfig(['completion', 'csh']);
    expect([code, err]).toEqual([2, expect.stringContaining('SHELL must be one of bash, zsh, fish')]);
    expect((await llmConfig(['completion'])).err).toContain('SHELL is missing');
  });
});
