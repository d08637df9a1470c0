// The arguments of a process as keys and values. Loaded by ArgvProvider with its first read. Whether an
// option takes a value is known to the schema alone, so the next argument is its value unless that is an
// option too. No error quotes an argument: only names of options that look like one are shown.

import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Emitter } from '../internal/listeners.ts';
import { kebab, keyFrom, keyOf, letters, segments } from '../key.ts';
import { gatherLists } from '../merge/bind.ts';
import { makeOrigin } from '../origin.ts';
import type { Wanted } from '../provider.ts';
import { isSecretName, type Sensitive, taint } from '../redact.ts';
import { type Key, sameValue } from '../value.ts';
import type { Content } from './content.ts';

export interface ArgumentsOptions {
  readonly provider: string;
  readonly args: readonly string[];
  /** Reads only options below this key. */
  readonly prefix: Key;
  /** The keys of exact names: `-p`. */
  readonly keys: ReadonlyMap<string, Key>;
  readonly sensitive: Sensitive | undefined;
}

type Item = Entry | Unreadable;

/** One option as it was given. */
interface Given {
  /** With its dashes, as it was spelled. */
  readonly option: string;
  readonly key: Key;
  readonly value: string | boolean;
  /** Undefined for a key of the option `flags`. */
  readonly loose: Loose | undefined;
}

/** The form by which names are compared, as for variables. */
const lettersOf = (key: Key): string => segments(key).map(letters).join('\0');

/** The options of a process, as entries. */
export class Arguments {
  readonly #options: ArgumentsOptions;
  readonly #items: readonly (readonly [letters: string, item: Item])[];
  /** What `--no-cache` turns off, by the letters of `no-cache`: a schema may have a key of that name. */
  readonly #negated: ReadonlyMap<string, string>;
  /** Arguments that were probably meant as options. */
  readonly #others: readonly string[];

  constructor(
    options: ArgumentsOptions,
    items: readonly Item[],
    negated: ReadonlyMap<string, string>,
    others: readonly string[],
  ) {
    this.#options = options;
    this.#items = gatherLists(items).map((item) => [lettersOf(item.key), item]);
    this.#negated = negated;
    this.#others = others;
  }

  /** Emits a notice for each option that holds a secret. */
  warnOf(emitter: Emitter): void {
    for (const [, item] of this.#items)
      if (!isUnreadable(item) && item.secret)
        emitter.notice(
          `${item.origin} holds a secret: every user of the machine can read the arguments of a process. ` +
            'Pass it in a variable, a file or a store',
        );
  }

  /** The leaf at a key. Throws if it was given two values that cannot both be right. */
  find(key: Key): Entry | undefined {
    const wanted = lettersOf(key);
    const at = this.#items.flatMap(([own, item]) =>
      own === wanted && (item.loose || item.key === key) ? [item] : [],
    );
    const hole = at.find(isUnreadable);
    if (hole) throw hole.error.with({ key });
    const [first, ...others] = at as Entry[];
    const other = others.find(({ value }) => !sameValue(value, (first as Entry).value));
    if (first && other)
      throw new ConfigError(
        'conflict',
        `"${key}" has different values in ${first.origin} and ${other.origin}`,
        {
          provider: first.origin.provider,
          key,
          origin: other.origin,
          hint: 'Keep one of them',
        },
      );
    return first && makeEntry({ ...first, key });
  }

  /** `wanted`: if the schema reads `noCache` and no `cache`, `--no-cache` sets only that. */
  list(prefix: Key, wanted: Wanted | undefined): Item[] {
    const at = lettersOf(prefix);
    const known = new Set(wanted?.keys.map(lettersOf));
    const dropped = new Set<string>();
    for (const [written, negated] of this.#negated)
      if (known.has(written) && !known.has(negated)) dropped.add(negated);
    return this.#items.flatMap(([own, item]) => {
      const isBelow = at === '' || own === at || own.startsWith(`${at}\0`);
      const isHoleAbove = isUnreadable(item) && at.startsWith(`${own}\0`);
      const isDropped = dropped.has(own) && !isUnreadable(item) && item.value === false;
      return (isBelow || isHoleAbove) && !isDropped ? [item] : [];
    });
  }

  /** The options that set a key, one a line. Remarks on an argument that would set it if it were an
   *  option. */
  where(key: Key): string {
    const { prefix, keys } = this.#options;
    const spelled = segments(key).map((name) =>
      letters(kebab(name)) === letters(name) ? kebab(name) : name,
    );
    const name = `--${keyFrom([...segments(prefix), ...spelled])}`;
    const flags = Array.from(keys).flatMap(([flag, own]) => (own === key ? [flag] : []));
    const same = this.#others.find((other) => letters(other) === letters(key));
    return [...flags, same === undefined ? name : `${name} (${same} is given: write ${name})`].join('\n');
  }
}

/** `--name=text`. A name with a dot or `=` in a segment is quoted. */
const option = /^(--?(?:"(?:[^"\\]|\\.)*"|[^="])+)(?:=([\s\S]*))?$/;
const harmless = /^[\p{L}\p{N}_.-]{1,120}$/u;

/** Whether an argument is the value of the option before it: a PEM text begins with more than two dashes. */
const isValue = (argument: string | undefined): argument is string =>
  argument !== undefined && (!/^--?[^-]|^--$/.test(argument) || /^-\.?\d/.test(argument));

/** Parses arguments. Emits a notice for each that holds a secret.
 *  @throws ConfigError `invalid_key` for the name of an option that cannot be a key */
export function readArguments(options: ArgumentsOptions, emitter: Emitter): Content<Arguments> {
  const { args, keys } = options;
  const given = new Map<string, Given[]>();
  const negated = new Map<string, string>();
  const others: string[] = [];
  for (let at = 0; at < args.length && args[at] !== '--'; at++) {
    const argument = args[at] as string;
    const [, name = '', text] = option.exec(argument) ?? [];
    const exact = keys.get(name);
    if (exact === undefined && !argument.startsWith('--')) {
      others.push(...mistaken(argument));
      continue;
    }
    const number = at + 1;
    const isNegated = exact === undefined && text === undefined && name.startsWith('--no-');
    const key = exact ?? keyOfName(name.slice(isNegated ? 5 : 2), number, options);
    const takesNext = text === undefined && !isNegated && isValue(args[at + 1]);
    const value = text ?? (takesNext ? (args[++at] as string) : !isNegated);
    const add = (one: Given): void => {
      const own = lettersOf(one.key);
      given.set(own, [...(given.get(own) ?? []), one]);
    };
    if (key !== undefined)
      add({ option: name, key, value, loose: exact === undefined ? 'always' : undefined });
    const written = isNegated ? keyOfName(name.slice(2), number, options) : undefined;
    if (key === undefined || written === undefined) continue;
    add({ option: name, key: written, value: true, loose: 'known' });
    negated.set(lettersOf(written), lettersOf(key));
  }
  const isSecret = taint(options.sensitive);
  const items = [...given.values()].map((same) => itemOf(same, options, isSecret));
  const value = new Arguments(options, items, negated, others);
  value.warnOf(emitter);
  return { value, fingerprint: '', readAt: Date.now() };
}

/** An argument that was probably meant as an option, with the dashes that it has: `-port`, `port=`. */
function mistaken(argument: string): string[] {
  const [, dash = '', name = ''] =
    /^(-?)([^=-][^=]*)=/.exec(argument) ?? /^(-)([^=-][^=]+)$/.exec(argument) ?? [];
  return harmless.test(name) ? [dash + name] : [];
}

/** The key of a name without its dashes; `undefined` if it is not below the prefix. `number`: the argument's,
 *  for an error that does not quote it. */
function keyOfName(name: string, number: number, { provider, prefix }: ArgumentsOptions): Key | undefined {
  const path = pathOfName(name);
  if (path) {
    const depth = segments(prefix).length;
    const isOwn = lettersOf(keyFrom(path.slice(0, depth))) === lettersOf(prefix);
    return (isOwn && keyFrom(path.slice(depth))) || undefined;
  }
  if (prefix !== '') return undefined; // of another program
  const shown = harmless.test(name) ? `--${name}` : `argument ${number}, which begins with --,`;
  throw new ConfigError('invalid_key', `${provider}: ${shown} is not the name of a key`, {
    provider,
    hint: 'Write --server.port=9. Put arguments that are not options after --',
  });
}

function pathOfName(name: string): readonly string[] | undefined {
  if (name === '' || name.startsWith('-')) return undefined;
  try {
    return segments(keyOf(name));
  } catch {
    return undefined;
  }
}

/** The entry of all options for one key. Of flags without values the last counts; several values are a
 *  list. */
function itemOf(
  given: readonly Given[],
  { provider, sensitive }: ArgumentsOptions,
  isSecret: ReturnType<typeof taint>,
): Entry {
  const last = given.at(-1) as Given;
  const { key, loose } = given.find((one) => !one.loose) ?? last;
  const values = given.map((one) => one.value);
  const isFlag = values.every((value) => typeof value === 'boolean');
  const value = isFlag || values.length === 1 ? last.value : values;
  const names = [...new Set(given.map((one) => one.option))].join(', ');
  const source = Array.isArray(value) ? `${names} (given ${values.length} times)` : last.option;
  return makeEntry({
    key,
    value,
    secret: isSecret(key, value) || given.some((one) => isSecretName(one.option, sensitive)),
    origin: makeOrigin({ provider, source }),
    text: true,
    ...(loose && { loose }),
  });
}
