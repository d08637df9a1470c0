// `init`: writes the first files of a configuration. Never replaces a file, and asks nothing. commands.ts
// lists it. The files themselves are in first-files.ts and framework-files.ts.

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { ConfigError } from '../../errors.ts';
import { writeError } from '../../local/write-atomic.ts';
import { type Parsed, UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import type { Framework } from '../framework-files.ts';
import { defaultModule } from '../module.ts';

export const init: Command = {
  name: 'init',
  arguments: [],
  summary: 'write config.ts, config/base.yaml, .env.example and lines for .gitignore',
  flags: {
    js: { type: 'boolean', summary: 'write config.mjs instead of config.ts' },
    framework: {
      type: 'string',
      value: 'nest|next|fastify',
      summary: 'also write what loads the configuration in a framework',
    },
    prefix: {
      type: 'string',
      value: 'NAME',
      summary: 'the prefix of the variables; APP without this option',
    },
  },
  examples: ['llm-config init', 'llm-config init --js --prefix SHOP', 'llm-config init --framework next'],
  async run(args, io) {
    const prefix = args.text('prefix') ?? 'APP';
    if (!/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/.test(prefix))
      throw new UsageError('--prefix must be capital letters and digits, such as SHOP');
    const folder = io.cwd();
    const framework = await frameworkOf(args);
    const existing = defaultModule(io);
    if (existing !== undefined)
      throw new ConfigError('io', `the file ${existing} exists already`, {
        hint: 'Run `llm-config check` to see what it configures',
      });
    const at = framework?.folder(folder) ?? '';
    const module = `${at}config.${args.is('js') ? 'mjs' : 'ts'}`;
    const { firstFiles, ignoredFiles } = await import('../first-files.ts');
    const added = Object.entries(framework?.files ?? {}).map(([name, text]) => [at + name, text] as const);
    const [written, kept]: [string[], string[]] = [[], []];
    for (const [name, text] of [...Object.entries(firstFiles(module, prefix)), ...added])
      ((await isWritten(path.join(folder, name), name, text)) ? written : kept).push(name);
    const ignored = await ignore(path.join(folder, '.gitignore'), ignoredFiles);
    (ignored ? written : kept).push('.gitignore');
    const install = toInstall(folder, module, framework?.packages ?? []);
    const edit = framework?.edit ?? {};
    return {
      text: written.join('\n'),
      json: { written, kept, install, edit },
      note: [
        ...(kept.length > 0 ? [`already there and unchanged: ${kept.join(', ')}`] : []),
        ...(install.length > 0 ? [`run: npm install ${install.join(' ')}`] : []),
        ...Object.entries(edit).map(([file, change]) => `in ${file}: ${change}`),
        'then: npx llm-config check',
      ].join('\n'),
    };
  },
};

async function frameworkOf(args: Parsed): Promise<Framework | undefined> {
  const name = args.text('framework');
  if (name === undefined) return undefined;
  const { frameworks } = await import('../framework-files.ts');
  const found = Object.hasOwn(frameworks, name) ? frameworks[name] : undefined;
  if (!found) throw new UsageError(`--framework must be one of ${Object.keys(frameworks).join(', ')}`);
  if (args.is('js')) throw new UsageError('--framework writes TypeScript: leave out --js');
  return found;
}

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
function toInstall(folder: string, module: string, packages: readonly string[]): string[] {
  const { resolve } = createRequire(path.join(folder, module));
  const has = (name: string): boolean => {
    try {
      resolve(name);
      return true;
    } catch {
      return false;
    }
  };
  const needed = ['llm-config-manager', 'zod', ...packages].filter((name) => !has(name));
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
