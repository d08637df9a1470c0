// The arguments of the process as keys. They are parsed in local/arguments.ts, which loads on first use. They
// are copied at construction, because the arguments of a process do not change.

import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigEvent } from '../events.ts';
import { Emitter } from '../internal/listeners.ts';
import { aString, checkOptions, either, listOf, mapOf, oneOf, sensitiveNames } from '../internal/options.ts';
import { append, keyOf } from '../key.ts';
import type { Arguments } from '../local/arguments.ts';
import { type Content, ReloadableContent } from '../local/content.ts';
import { ContentProvider } from '../local/content-provider.ts';
import { loadArguments } from '../local/reading.ts';
import type { ListOptions } from '../provider.ts';
import type { Sensitive } from '../redact.ts';
import { type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';

/** Options of an `ArgvProvider`. */
export interface ArgvOptions {
  /** The arguments. @default process.argv.slice(2) */
  readonly args?: readonly string[];
  /** Reads only options below this key: with `app`, `--app.server.port` is `server.port`. @default none */
  readonly prefix?: Key;
  /** Exact names by key, short ones too: `{ 'server.port': '-p' }`. They are read besides `--server.port`.
   *  @default {} */
  readonly flags?: Readonly<Record<Key, string>>;
  /** More names whose values are secret. @default [] */
  readonly sensitive?: Sensitive;
  /** The provider's name in errors and explanations. @default 'argv' */
  readonly name?: string;
}

const aFlag = (value: unknown): string | undefined =>
  typeof value === 'string' && /^--?[^\s=-][^\s=]*$/.test(value) ? undefined : "a name such as '-p'";

/** Reads the arguments of the process: `--server.port=9`, `--server.port 9`, `--cache`, `--no-cache`. The
 *  name of an option is a key, in any spelling with the same letters: `--server.pool-max` is
 *  `server.poolMax`. An option that is given several times is a list. `--` ends the options; other
 *  arguments are left to the application. A secret in an argument is visible to every user of the machine:
 *  it is read, and reported as a `notice`.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const chain = new ProviderChain([new ArgvProvider(), new EnvProvider({ prefix: 'APP' })]);
 *  await chain.value('server.port'); // of `node main.js --server.port=9`
 *  @see EnvProvider reads variables.
 */
export class ArgvProvider extends ContentProvider {
  readonly #content: ReloadableContent<Arguments>;
  readonly #emitter: Emitter;
  readonly #prefix: Key;

  constructor(options: ArgvOptions = {}) {
    checkOptions('ArgvProvider', options, {
      args: listOf(either(aString, oneOf(''))),
      prefix: aString,
      flags: mapOf(aFlag),
      sensitive: sensitiveNames,
      name: aString,
    });
    const { name = 'argv', args = process.argv.slice(2), flags = {}, sensitive } = options;
    const prefix = keyOf(options.prefix ?? '');
    const keys = new Map(Object.entries(flags).map(([key, flag]) => [flag, keyOf(key)]));
    const given = { args: [...args], provider: name, prefix, keys, sensitive };
    const emitter = new Emitter(name, 'provider');
    function* load(): Steps<Content<Arguments>> {
      return (yield* wait(loadArguments)).readArguments(given, emitter);
    }
    const content = new ReloadableContent({ provider: name, load, watched: () => [] });
    super(name, content);
    this.#content = content;
    this.#emitter = emitter;
    this.#prefix = prefix;
  }

  /** @internal */
  protected find({ value }: Content<Arguments>, key: Key): Entry | undefined {
    return value.find(key);
  }

  /** @internal */
  protected *listing(at: Key, options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    return (yield* this.#content.reading(options)).value.list(at, options?.wanted);
  }

  /** The options that set a key, one a line. Once the arguments have been read, as people write them, with
   *  the names in `flags`, and with a remark on an argument that has too few dashes. */
  where(key: Key): string {
    const at = keyOf(key);
    return this.#content.current?.value.where(at) ?? `--${append(this.#prefix, at)}`;
  }

  /** Listens to notices of secrets among the arguments. */
  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.#emitter.on(listener);
  }
}
