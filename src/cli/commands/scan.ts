// `scan`: finds the secret values of a configuration, and tokens, in files and in what is staged. Prints
// places and keys, never a value. The work is in scan/, which loads on first use.

import { keyOf } from '../../key.ts';
import type { Key } from '../../value.ts';
import { UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import { inspect, type Secrets } from '../inspect.ts';
import { type Colours, withProgress } from '../io.ts';
import { defaultModule, withChain } from '../module.ts';
import type { Finding, Scanned } from '../scan/scan.ts';

export const scan: Command = {
  name: 'scan',
  arguments: ['[PATHS...]'],
  summary: 'find secrets of a configuration, and tokens, in files or in what is staged',
  flags: {
    module: { type: 'string', value: 'MODULE', summary: 'the configuration whose secrets to find' },
    tokens: { type: 'boolean', summary: 'look for tokens only, without a module' },
    staged: { type: 'boolean', summary: 'scan what git would commit, not the files' },
    except: {
      type: 'string',
      multiple: true,
      value: 'KEY',
      summary: 'a key whose value may be in files, such as a password for development',
    },
  },
  examples: [
    'llm-config scan',
    'llm-config scan --staged',
    'llm-config scan --module dist/config.js dist/public .env.example',
  ],
  async run(args, io) {
    if (args.is('tokens') && args.text('module') !== undefined)
      throw new UsageError('--tokens and --module cannot be combined. Use one of them');
    const module = args.is('tokens') ? undefined : (args.text('module') ?? defaultModule(io));
    const scanFor = async ({ values, unread }: Secrets): Promise<CommandResult> => {
      const [{ SecretSearch }, { scanFiles }, { filesAt, stagedFiles }] = await Promise.all([
        import('../secret-search.ts'),
        import('../scan/scan.ts'),
        import('../scan/files.ts'),
      ]);
      const except = new Set(args.texts('except').map(keyOf));
      const search = new SecretSearch(values.filter(({ key }) => !except.has(key)));
      const paths = args.positionals;
      const files = args.is('staged')
        ? stagedFiles(paths, io.cwd())
        : filesAt(paths.length > 0 ? paths : ['.'], io.cwd());
      const scanned = await withProgress(io, 'Scanning', scanFiles(files, search));
      return resultOf(scanned, [...search.keys], [...search.short], unread);
    };
    if (module === undefined) return scanFor({ values: [], unread: [] });
    return withChain({ module, rest: [] }, io, async (loaded) => scanFor((await inspect(loaded)).secrets));
  },
};

const colours: Colours = [
  [/^Found secrets in .*$/m, 'red'],
  [/^No secrets in .*$/m, 'green'],
];

function resultOf(
  scanned: Scanned,
  searched: readonly Key[],
  short: readonly Key[],
  unread: readonly string[],
): CommandResult {
  const { found, files, unreadable } = scanned;
  const rows = found.map((one) => [placeOf(one), whatOf(one)] as const);
  const width = Math.max(0, ...rows.map(([place]) => place.length));
  const count = `${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}`;
  const places = `${found.length} ${found.length === 1 ? 'place' : 'places'}`;
  const lines = [
    ...rows.map(([place, what]) => `${place.padEnd(width)}  ${what}`),
    ...unreadable.map(({ file, reason }) => `${oneLine(file)} cannot be read (${reason})`),
    found.length > 0 ? `\nFound secrets in ${places} of ${count}.` : `No secrets in ${count}.`,
  ];
  const notes = [
    ...(unread.length > 0 ? [`Not searched, because they cannot be read: ${unread.join(', ')}`] : []),
    ...(short.length > 0 ? [`Not searched, because they are short or numbers: ${short.join(', ')}`] : []),
  ];
  const isWhole = unread.length === 0 && unreadable.length === 0;
  return {
    text: lines.join('\n'),
    colours,
    json: { ...scanned, searched, short, unread },
    note: notes.join('\n'),
    exit: found.length > 0 ? 1 : isWhole ? 0 : 3,
  };
}

function placeOf({ file, line, byte }: Finding): string {
  const name = oneLine(file);
  return line !== undefined ? `${name}:${line}` : byte !== undefined ? `${name} at byte ${byte}` : name;
}

/** The name of a file may have line breaks. */
const oneLine = (name: string): string => name.replace(/[\t\n]/g, (sign) => (sign === '\n' ? '\\n' : '\\t'));

const whatOf = ({ key, as }: Finding): string =>
  key === undefined ? as : as === 'plain' ? key : `${key} (${as})`;
