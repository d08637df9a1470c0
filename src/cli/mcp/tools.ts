// The tools that `mcp` offers to agents: which configuration there is, and why. No answer holds the value of a
// secret: sources and schema mask, and `inspect` masks again what messages of others may quote.

import { checkConfig } from '../../config/load-config.ts';
import { isConfigError, nameAndCode } from '../../errors.ts';
import { keyOf, startsWith } from '../../key.ts';
import { explainKey, listKeys } from '../commands/explain.ts';
import { type Inspected, inspect } from '../inspect.ts';
import type { Loaded } from '../module.ts';

/** A tool as the protocol describes it. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, { readonly type: 'string'; readonly description: string }>>;
    readonly required?: readonly string[];
    readonly additionalProperties: false;
  };
  readonly annotations: { readonly readOnlyHint: true };
}

/** The answer to a call, as the protocol has it. */
export interface Answer {
  readonly content: readonly [{ readonly type: 'text'; readonly text: string }];
  readonly isError?: true;
}

type Call = (loaded: Loaded, inspected: Inspected, key: string | undefined) => unknown;

const tool = (name: string, description: string, key?: string, isRequired = false): Tool => ({
  name,
  description,
  inputSchema: {
    type: 'object',
    properties: key === undefined ? {} : { key: { type: 'string', description: key } },
    ...(isRequired && { required: ['key'] }),
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true },
});

const masked = 'Values of secrets are masked.';
const calls: readonly (readonly [Tool, Call])[] = [
  [
    tool(
      'list_keys',
      'Lists the keys of the configuration, and which provider sets each.',
      'Only below this key',
    ),
    listed,
  ],
  [
    tool(
      'explain',
      `Explains a key, or each key of a section: what every provider has, which one wins, file and line. ${masked}`,
      'The key, as in database.host',
      true,
    ),
    async (loaded, _, key = '') => (await explainKey(loaded, keyOf(key))).json,
  ],
  [
    tool('check', `Checks whether the configuration is complete and valid. Lists all problems. ${masked}`),
    checked,
  ],
  [
    tool(
      'describe',
      'Describes the configuration: its providers in order of priority, and what the schema reads.',
    ),
    described,
  ],
];

export const tools: readonly Tool[] = calls.map(([one]) => one);

/** Runs a tool. A failure is an answer, too: an agent reads it. */
export async function callTool(loaded: Loaded, name: string, input: unknown): Promise<Answer> {
  const [one, call] = calls.find(([{ name: known }]) => known === name) ?? [];
  if (!one || !call) return failed(`no such tool. Use one of ${tools.map((known) => known.name).join(', ')}`);
  const { key, ...others } = (input ?? {}) as { readonly key?: unknown };
  const takesKey = 'key' in one.inputSchema.properties;
  if (Object.keys(others).length > 0 || (key !== undefined && (!takesKey || typeof key !== 'string')))
    return failed(`${name}: the arguments are not those of its schema`);
  if (key === undefined && one.inputSchema.required) return failed(`${name}: the argument key is missing`);
  try {
    const inspected = await inspect(loaded);
    try {
      return answer(inspected.shown(await call(loaded, inspected, key as string | undefined)));
    } catch (error) {
      return failed(inspected.shown(messageOf(error)));
    }
  } catch (error) {
    return failed(messageOf(error));
  }
}

const answer = (data: unknown): Answer => ({
  content: [{ type: 'text', text: JSON.stringify(data, undefined, 2) }],
});
const failed = (message: string): Answer => ({ content: [{ type: 'text', text: message }], isError: true });

/** The message of a foreign error may contain a secret. */
const messageOf = (error: unknown): string =>
  isConfigError(error) ? error.message : `unexpected: ${nameAndCode(error)}`;

function listed(_: Loaded, { keys, known, explain, isSecret }: Inspected, section = ''): unknown {
  const at = keyOf(section);
  const ofSchema = new Map(known.keys.map((one) => [one.key, one]));
  return {
    keys: keys
      .filter((key) => startsWith(key, at))
      .map((key) => {
        const { winner, error } = explain(key);
        const { required, type, description } = ofSchema.get(key) ?? {};
        return {
          key,
          ...(type && { type }),
          ...(description && { description }),
          ...(required !== undefined && { required }),
          secret: isSecret(key) || ofSchema.get(key)?.secret === true,
          ...(winner ? { origin: `${winner.origin ?? winner.provider}` } : {}),
          state: winner ? 'set' : error ? 'unreadable' : 'not set',
        };
      }),
    open: known.prefixes.filter((prefix) => startsWith(prefix, at)),
  };
}

async function checked(loaded: Loaded): Promise<unknown> {
  const { chain, schema, options } = loaded;
  if (!schema) return (await listKeys(loaded)).json;
  return checkConfig(schema, chain, options);
}

async function described({ chain, schema, file }: Loaded, inspected: Inspected): Promise<unknown> {
  const { layers, known, keys } = inspected;
  const local = new Set(chain.providers.flatMap(({ name, local }) => (local ? [name] : [])));
  const { providers = {} } = await chain.health();
  const counts = new Map<string, number>();
  for (const key of keys) {
    const { winner } = inspected.explain(key);
    if (winner) counts.set(winner.provider, (counts.get(winner.provider) ?? 0) + 1);
  }
  return {
    module: file,
    schema: schema !== undefined,
    keys: { ofSchema: known.keys.length, open: known.prefixes, complete: known.complete, all: keys.length },
    providers: layers.map(({ name, error, tolerated }) => {
      const problem = error ?? tolerated;
      return {
        name,
        kind: local.has(name) ? 'on this machine' : 'store',
        wins: counts.get(name) ?? 0,
        status: providers[name]?.status ?? (problem ? 'down' : 'ok'),
        ...(problem && { error: problem.message }),
      };
    }),
  };
}
