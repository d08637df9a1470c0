// `check` and `unused`: load a module of the application and show what its chain returns. Secrets
// are masked. The module's own errors are not printed, because they may contain secrets.

import type { ProviderChain } from '../../chain/chain.ts';
import type { ConfigCheck } from '../../config/check-config.ts';
import { checkConfig } from '../../config/load-config.ts';
import { unusedKeys } from '../../config/unused.ts';
import { ConfigError } from '../../errors.ts';
import { keyOf } from '../../key.ts';
import type { Command, CommandResult } from '../command.ts';
import { withChain } from '../module.ts';
import { listKeys } from './explain.ts';

export const check: Command = {
  name: 'check',
  arguments: ['MODULE', '[KEY]'],
  summary: 'check whether a configuration is complete and valid, and report all problems at once',
  flags: {},
  examples: [
    'llm-config check dist/config.js',
    'llm-config check dist/config.js database.password',
    'llm-config check dist/config.js -- --server.port=9',
  ],
  async run(args, io) {
    const [file, name] = args.positionals as [string, string?];
    return withChain(args, io, async ({ chain, schema, options }) => {
      if (name !== undefined) return checkKey(chain, name);
      if (!schema)
        return listKeys(chain).then((result) => ({
          ...result,
          note: `${file} exports no schema, so only reading was checked`,
          exit: exitOf(result),
        }));
      const result: ConfigCheck = await checkConfig(schema, chain, options);
      return { text: `${result}`, json: result, exit: result.ok ? 0 : 1 };
    });
  },
};

export const unused: Command = {
  name: 'unused',
  arguments: ['MODULE'],
  summary: 'list variables with the prefix, and lines of files, that nothing reads',
  flags: {},
  examples: ['llm-config unused dist/config.js'],
  async run(args, io) {
    const [file] = args.positionals as [string];
    return withChain(args, io, async ({ chain, schema, options }) => {
      if (!schema)
        throw new ConfigError('invalid_option', `the module ${file} exports no schema`, {
          hint: 'Export a schema as schema',
        });
      const { unused, open } = await unusedKeys(schema, chain, options);
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

async function checkKey(chain: ProviderChain, name: string): Promise<CommandResult> {
  const key = keyOf(name);
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
