// How the variables of a chain are named: the prefix, the separator and the mapped names of its first
// provider of variables. Found through `where`, which every provider has. Used by commands with `--prefix`.

import type { ProviderChain } from '../chain/chain.ts';
import { spells } from '../conventional-name.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { append } from '../key.ts';
import type { EnvExampleOptions } from '../local/example-text.ts';
import {
  conventionalForm,
  joined,
  lettersOf,
  sharedLetters,
  VariableNames,
} from '../local/variable-names.ts';
import { isPlatformName } from '../platform-names.ts';
import type { Key } from '../value.ts';
import type { Parsed } from './arguments.ts';
import type { Io } from './io.ts';
import { defaultModule, withChain } from './module.ts';
import type { FoundAt, PlainFile } from './plain-file.ts';

/** The places of a key that are variables: `env APP_DATABASE_HOST`, `.env APP_DATABASE_HOST`. */
const variablesIn = (places: string): readonly string[] =>
  places.split('\n').flatMap((place) => /^\S+ ([A-Za-z_][\w.:-]*)(?: \(.*\))?$/.exec(place)?.[1] ?? []);

/** The options of `envExample` for the keys of a schema, which are below `at` in the chain. */
export function variableStyle(chain: ProviderChain, keys: readonly Key[], at: Key): EnvExampleOptions {
  const probe = variablesIn(chain.where('zq.qz')).flatMap((name) => {
    const [, start, between] = /^(.*?)ZQ([^A-Z]+)QZ$/.exec(name) ?? [];
    return start === undefined || between === undefined ? [] : [{ start, between }];
  })[0];
  if (!probe) return {};
  const { start, between } = probe;
  const isUsual = between === '_' || between === '__';
  const prefix = start.slice(0, start.length - (isUsual ? 1 : between.length)).replace(/_$/, '');
  const style = { ...(start !== '' && { prefix }), ...(!isUsual && { separator: between }) };
  const names = new VariableNames('llm-config', style);
  const mapped = keys.flatMap((key): [Key, string][] => {
    const whole = append(at, key);
    const usual = names.namesFor(key);
    const [first] = variablesIn(chain.where(whole)).filter((name) => name !== whole);
    return first === undefined || usual.includes(first) ? [] : [[key, first]];
  });
  return mapped.length > 0 ? { ...style, variables: Object.fromEntries(mapped) } : style;
}

/** The prefix of variables: that of `--prefix`, or that of the module in the working folder. */
export async function prefixOf(args: Parsed, io: Io): Promise<string | undefined> {
  const own = args.text('prefix');
  const file = own === undefined ? defaultModule(io) : undefined;
  if (file === undefined) return own === '' ? undefined : own;
  const module = { module: file, rest: [] };
  try {
    return await withChain(module, io, async ({ chain }) => variableStyle(chain, [], '').prefix, false);
  } catch (cause) {
    if (!isConfigError(cause)) throw cause;
    throw new ConfigError(cause.code, `the prefix of the variables is not known: ${cause.message}`, {
      cause,
      hint: 'Or pass the prefix with --prefix',
    });
  }
}

/** The key under which the reader of a file finds the value of a name. */
export async function keyOfName(file: PlainFile, name: string, args: Parsed, io: Io): Promise<FoundAt> {
  const forKey = args.text('for-key');
  const isVariable = file.isDotenv && forKey === undefined;
  return file.keyFor(name, isVariable ? await prefixOf(args, io) : undefined, forKey);
}

/** The variable of each key: conventional, or exact where that can mean two keys. */
export class Variables {
  readonly #names: VariableNames;
  readonly #shared: ReadonlySet<string>;
  readonly #mapped: ReadonlySet<string>;

  constructor(style: EnvExampleOptions, keys: readonly Key[]) {
    this.#names = new VariableNames('llm-config', style);
    this.#shared = sharedLetters(keys);
    this.#mapped = new Set(Object.values(style.variables ?? {}));
  }

  /** The name of the variable; `undefined` if no name can spell the key, or if it is one of the platform. */
  nameOf(key: Key): string | undefined {
    const [name] = this.#names.namesFor(key, this.#shared.has(joined(lettersOf(key))));
    if (name === undefined || name.includes('#')) return undefined;
    return isPlatformName(name) && !this.#mapped.has(name) ? undefined : name;
  }

  /** Whether a variable also sets the key, under another spelling. */
  isOtherName(name: string, key: Key): boolean {
    const { wordStart } = this.#names;
    const exact = this.#names.keyOf(name);
    if (exact !== undefined && lettersOf(exact) === lettersOf(key)) return true;
    if (wordStart === undefined || !name.startsWith(wordStart)) return false;
    const words = name.slice(wordStart.length);
    return conventionalForm.test(words) && !isPlatformName(name) && spells(words.toLowerCase(), key);
  }
}
