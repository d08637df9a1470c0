// `init`: writes the first files of a configuration. Never replaces a file, and asks nothing. commands.ts
// lists it. The files themselves are in first-files.ts.

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { ConfigError } from '../../errors.ts';
import { writeError } from '../../local/write-atomic.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { defaultModule } from '../module.ts';

export const init: Command = {
  name: 'init',
  arguments: [],
  summary: 'write config.ts, config/base.yaml, .env.example and lines for .gitignore',
  flags: {
    js: { type: 'boolean', summary: 'write config.mjs instead of config.ts' },
    prefix: {
      type: 'string',
      value: 'NAME',
      summary: 'the prefix of the variables; APP without this option',
    },
  },
  examples: ['llm-config init', 'llm-config init --js --prefix SHOP'],
  async run(args, io) {
    const prefix = args.text('prefix') ?? 'APP';
    if (!/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/.test(prefix))
      throw new UsageError('--prefix must be capital letters and digits, such as SHOP');
    const folder = io.cwd();
    const existing = defaultModule(io);
    if (existing !== undefined)
      throw new ConfigError('io', `the file ${existing} exists already`, {
        hint: 'Run `llm-config check` to see what it configures',
      });
    const module = args.is('js') ? 'config.mjs' : 'config.ts';
    const { firstFiles, ignoredFiles } = await import('../first-files.ts');
    const [written, kept]: [string[], string[]] = [[], []];
    for (const [name, text] of Object.entries(firstFiles(module, prefix)))
      ((await isWritten(path.join(folder, name), name, text)) ? written : kept).push(name);
    const ignored = await ignore(path.join(folder, '.gitignore'), ignoredFiles);
    (ignored ? written : kept).push('.gitignore');
    const install = toInstall(folder, module);
    return {
      text: written.join('\n'),
      json: { written, kept, install },
      note: [
        ...(kept.length > 0 ? [`already there and unchanged: ${kept.join(', ')}`] : []),
        ...(install.length > 0 ? [`run: npm install ${install.join(' ')}`] : []),
        'then: npx llm-config check',
      ].join('\n'),
    };
  },
};

/** Writes a new file. False if there is one. Never follows a link that leads nowhere. */
async function isWritten(file: string, shown: string, text: string): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true }).catch((error: unknown) => {
    throw writeError(error, path.dirname(shown));
  });
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw writeError(error, shown);
  }
}

/** Adds the lines that `.gitignore` does not have yet. False if it has all. */
async function ignore(file: string, lines: readonly string[]): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const known = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = lines.filter((line) => !known.has(line));
  if (missing.length === 0) return false;
  const start = text === '' || text.endsWith('\n') ? '' : '\n';
  await writeFile(file, `${start}${missing.join('\n')}\n`, { flag: 'a' }).catch((error: unknown) => {
    throw writeError(error, '.gitignore');
  });
  return true;
}

/** The packages that the module needs and the folder does not have. */
function toInstall(folder: string, module: string): string[] {
  const { resolve } = createRequire(path.join(folder, module));
  const has = (name: string): boolean => {
    try {
      resolve(name);
      return true;
    } catch {
      return false;
    }
  };
  const needed = ['llm-config-manager', 'zod'].filter((name) => !has(name));
  const isRun = module.endsWith('.mjs') || (runsTypeScript() && !isCommonJs(folder));
  return isRun || has('jiti') || has('tsx') ? needed : [...needed, 'tsx'];
}

const runsTypeScript = (): boolean =>
  Boolean((process.features as { readonly typescript?: string | false }).typescript);

/** Whether the package of the folder is CommonJS, so that Node does not import `config.ts`. */
function isCommonJs(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (existsSync(file)) {
      try {
        return (JSON.parse(readFileSync(file, 'utf8')) as { type?: string }).type === 'commonjs';
      } catch {
        return false;
      }
    }
    if (at === path.dirname(at)) return false;
  }
}
