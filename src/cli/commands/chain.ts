// `check` and `unused`: load a module of the application and show what its chain returns. Secrets
// are masked. The module's own errors are not printed, because they may contain secrets.

import type { ProviderChain } from '../../chain/chain.ts';
import type { ConfigCheck } from '../../config/check-config.ts';
import { checkConfig } from '../../config/load-config.ts';
import { unusedKeys } from '../../config/unused.ts';
import { scoped } from '../../decorators/scoped.ts';
import { ConfigError, isConfigError } from '../../errors.ts';
import { append, keyOf } from '../../key.ts';
import type { Key } from '../../value.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Colours } from '../io.ts';
import { schemaOf, withChain } from '../module.ts';
import { listKeys } from './explain.ts';

export const check: Command = {
  name: 'check',
  arguments: ['[MODULE]', '[KEY]'],
  summary: 'check whether a configuration is complete and valid, and report all problems at once',
  flags: {},
  examples: [
    'llm-config check',
    'llm-config check dist/config.js database.password',
    'llm-config check -- --server.port=9',
  ],
  async run(args, io) {
    const [name] = args.positionals;
    return withChain(args, io, async (loaded) => {
      const { file, chain, schema, options } = loaded;
      if (name !== undefined) return checkKey(chain, append(options.at ?? '', keyOf(name)));
      if (!schema)
        return listKeys(loaded).then((result) => ({
          ...result,
          note: `${file} exports no schema, so only reading was checked`,
          exit: exitOf(result),
        }));
      const result: ConfigCheck = await checkConfig(schema, chain, options);
      return { text: `${result}`, json: result, colours, exit: result.ok ? 0 : 1 };
    }).catch((error: unknown) => {
      // a module that loads its configuration itself
      if (!isConfigError(error) || error.code !== 'validation') throw error;
      const { message, problems = [] } = error;
      return { text: message, json: { ok: false, problems, keys: [], deprecated: [] }, colours, exit: 1 };
    });
  },
};

const colours: Colours = [
  [/^The configuration is valid\.$/m, 'green'],
  [/^There (?:is|are) \d+ problems? .*$/m, 'red'],
  [/^(?:nothing reads ".*|".* is deprecated .*|".* has a reference that is not replaced.*)$/gm, 'yellow'],
  [/\((?:default|not set|not read|created on demand)\)/g, 'dim'],
];

export const unused: Command = {
  name: 'unused',
  arguments: ['[MODULE]'],
  summary: 'list variables with the prefix, and lines of files, that nothing reads',
  flags: {},
  examples: ['llm-config unused', 'llm-config unused dist/config.js'],
  async run(args, io) {
    return withChain(args, io, async (loaded) => {
      const { chain, options } = loaded;
      const { at, ...others } = options;
      const source = at ? scoped(chain, at) : chain;
      const { unused, open } = await unusedKeys(schemaOf(loaded), source, others);
      const width = Math.max(0, ...unused.map(({ origin }) => origin.length));
      const lines = unused.map(({ key, origin, similar }) => {
        const hint = similar === undefined ? '' : `  Did you mean "${similar}"?`;
        return `${origin.padEnd(width)}  ${key}${hint}`;
      });
      const sections = open.map((key) => (key === '' ? 'at the top' : `in ${key}`)).join(', ');
      return {
        text: lines.length > 0 ? lines.join('\n') : 'Everything is read.',
        json: { unused, open },
        note: open.length > 0 ? `The schema may read any name ${sections}` : undefined,
        exit: unused.length > 0 ? 1 : 0,
      };
    });
  },
};

const exitOf = ({ exit, json }: CommandResult): 0 | 1 =>
  exit === 1 || (json as { unreadable: unknown[] }).unreadable.length > 0 ? 1 : 0;

async function checkKey(chain: ProviderChain, key: Key): Promise<CommandResult> {
  try {
    const entry = await chain.get(key);
    if (entry)
      return {
        text: `${key} is set by ${entry.origin}`,
        json: { key, found: true, origin: `${entry.origin}` },
      };
    return { text: `no provider has ${key}`, json: { key, found: false }, exit: 1 };
  } catch (error) {
    if (error instanceof ConfigError)
      return { text: error.message, json: { key, found: false, error }, exit: 1 };
    throw error;
  }
}
