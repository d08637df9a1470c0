// `prompts render`, `diff` and `lock`: the prompts of a module's chain. They need no schema and no key of an
// endpoint, and load the extension on first use.

import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lazy } from '../../internal/lazy.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { isPlain } from '../../value.ts';
import { readGiven } from '../argument-files.ts';
import { namedValue, type Parsed } from '../arguments.ts';
import type { Command } from '../command.ts';
import type { Io } from '../io.ts';
import { withChain } from '../module.ts';
import { atFlag, promptSection, readyPrompts } from '../prompts/section.ts';
import { tableOf } from '../table.ts';

const loadDiff = lazy(() => import('../prompts/line-diff.ts'));
const loadLock = lazy(() => import('../prompts/lock-file.ts'));

const render: Command = {
  name: 'prompts render',
  arguments: ['[MODULE]', 'PROMPT'],
  summary: 'print a prompt with its variables, as a task or a subject gets it',
  flags: {
    var: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      summary: 'a variable; JSON is read as JSON. May be repeated',
    },
    variables: { type: 'string', value: 'FILE', summary: 'a JSON file with variables' },
    subject: { type: 'string', value: 'ID', summary: 'the subject whose variant to print' },
    ...atFlag,
  },
  examples: [
    'llm-config prompts render summarize --var role=editor --var \'docs=[{"title":"A"}]\'',
    'llm-config prompts render dist/config.js summarize@^1.4 --variables example.json',
  ],
  async run(args, io) {
    const [name] = args.positionals as [string];
    const variables = await variablesOf(args, io);
    return withChain(args, io, async (loaded) => {
      const prompts = await readyPrompts(loaded, args);
      const { text, origin: _, ...about } = prompts.render(name, variables, args.text('subject'));
      return { text, exact: true, json: { ...about, text } };
    });
  },
};

async function variablesOf(args: Parsed, io: Io): Promise<object> {
  const file = args.text('variables');
  const given = file === undefined ? {} : await variablesIn(file, io);
  const named = args.texts('var').map((text) => namedValue(text, 'var'));
  return { ...given, ...Object.fromEntries(named) };
}

async function variablesIn(file: string, io: Io): Promise<object> {
  const bytes = await readGiven(path.resolve(io.cwd(), file), file);
  try {
    const given: unknown = JSON.parse(bytes.toString('utf8'));
    if (isPlain(given)) return given;
  } catch {
    // the message of the parser quotes the file
  }
  throw new ConfigError('parse', `the file ${file} is not an object in JSON`);
}

const diff: Command = {
  name: 'prompts diff',
  arguments: ['[MODULE]', 'PROMPT', 'PROMPT'],
  summary: 'compare the texts of two versions line by line',
  flags: atFlag,
  examples: ['llm-config prompts diff summarize@1.4.2 summarize@2.0.0'],
  async run(args, io) {
    const [one, other] = args.positionals as [string, string];
    return withChain(args, io, async (loaded) => {
      const prompts = await readyPrompts(loaded, args);
      const { lineDiff } = await loadDiff();
      const [before, after] = [prompts.source(one), prompts.source(other)];
      const lines = lineDiff(before.text, after.text);
      const text = lines.map(({ sign, line }) => `${sign} ${line}`.trimEnd()).join('\n');
      const differs = lines.some(({ sign }) => sign !== ' ');
      const title = [before, after].map(({ name, version }) => `${name}@${version}`).join(' and ');
      return {
        text: differs
          ? `--- ${before.name}@${before.version}\n+++ ${after.name}@${after.version}\n${text}`
          : `${title} have the same text`,
        colours: [
          [/^-.*$/gm, 'red'],
          [/^\+.*$/gm, 'green'],
        ],
        json: { before, after, lines },
        exit: differs ? 1 : 0,
      };
    });
  },
};

const lock: Command = {
  name: 'prompts lock',
  arguments: ['[MODULE]'],
  summary: 'write the hashes of all versions, so that a load refuses a changed text',
  flags: {
    out: { type: 'string', value: 'FILE', summary: 'the file, if it is not prompts.lock.json' },
    check: { type: 'boolean', summary: 'write nothing, and fail if a version is not locked' },
    force: { type: 'boolean', summary: 'lock changed texts, too' },
    ...atFlag,
  },
  examples: ['llm-config prompts lock', 'llm-config prompts lock dist/config.js --check'],
  async run(args, io) {
    const out = args.text('out') ?? 'prompts.lock.json';
    const file = path.resolve(io.cwd(), out);
    return withChain(args, io, async (loaded) => {
      const { at, data } = await promptSection(loaded, args);
      const { readLock, lockedVersions, lockText } = await loadLock();
      const hashes = await readLock(file, out, at);
      const prompts = data.prompts ?? {};
      const versions = lockedVersions(prompts, hashes);
      const isChanged = versions.some(({ state }) => state === 'changed') && !args.is('force');
      const isNew = versions.some(({ state }) => state !== 'locked');
      const isWritten = !args.is('check') && !isChanged && isNew;
      if (isWritten) await writeAtomic(file, lockText(prompts, hashes, at), { mode: 0o644 });
      const rows = versions.map(({ prompt, version, state }) => [prompt, version, state]);
      return {
        text: tableOf(rows),
        colours: [
          [/\bchanged$/gm, 'red'],
          [/\bnew$/gm, 'yellow'],
        ],
        json: { file: out, versions, written: isWritten },
        note: isChanged
          ? 'nothing is written. Give a changed text a version of its own, or use --force'
          : isWritten
            ? `${out} is written. The chain must read it`
            : undefined,
        exit: isChanged || (args.is('check') && isNew) ? 1 : 0,
      };
    });
  },
};

/** The commands, in the order of the help. */
export const promptCommands: readonly Command[] = [render, diff, lock];
