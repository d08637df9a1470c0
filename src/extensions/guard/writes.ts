// How a guarded provider writes: the policy, then the schema, then the store. Made by guarded.ts. A caller
// that may not write learns nothing of the schema, which may have to read the store.

import { ProviderChain } from '../../chain/chain.ts';
import { checkConfig } from '../../config/load-config.ts';
import type { ConfigSource } from '../../config/plan.ts';
import { makeEntry, secret } from '../../entry.ts';
import { ConfigError, type Problem } from '../../errors.ts';
import { keyOf, startsWith } from '../../key.ts';
import type { CallOptions } from '../../operation.ts';
import { makeOrigin } from '../../origin.ts';
import { plainValue } from '../../plain-value.ts';
import type { ComparingProvider, ConfigProvider } from '../../provider.ts';
import { setIn } from '../../query.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import type { ConfigValue, Key } from '../../value.ts';
import type { Judge } from './judge.ts';
import type { Action } from './policy.ts';

export class GuardedWrites {
  readonly #inner: ComparingProvider;
  readonly #judge: Judge;
  readonly #schema: StandardSchemaV1 | undefined;

  constructor(inner: ConfigProvider, judge: Judge, schema: StandardSchemaV1 | undefined) {
    this.#inner = inner as ComparingProvider;
    this.#judge = judge;
    this.#schema = schema;
  }

  readonly set: ComparingProvider['set'] = async (spelling, given, options) => {
    // a copy, because the caller may change the value before it is written
    const value = copied(given);
    const key = keyOf(spelling);
    await this.#require('write', key, options);
    const invalid = this.#schema && (await this.#refusedBy(this.#schema, key, value, options ?? {}));
    if (invalid) throw invalid;
    return setIn(this.#inner, key, value, options);
  };

  readonly delete: ComparingProvider['delete'] = async (spelling, options) => {
    const key = keyOf(spelling);
    await this.#require('delete', key, options);
    return this.#inner.delete(key, options);
  };

  readonly refresh = async (spelling: Key = '', options?: CallOptions): Promise<void> => {
    const prefix = keyOf(spelling);
    await this.#require('refresh', prefix, options);
    await this.#inner.refresh?.(prefix, options);
  };

  /** Throws unless the policy allows an action that is decided before any request. */
  async #require(action: Action, key: Key, options: CallOptions | undefined): Promise<void> {
    const asking = this.#judge.asking(options);
    const decision = await this.#judge.decide(asking, action, key);
    if (decision.allow) return;
    this.#judge.denied(asking, key);
    throw this.#judge.error(action, key, decision);
  }

  /** The error of a value that the schema refuses, if it does: alone, or with the other values of the store
   *  where the schema can only judge them together. */
  async #refusedBy(
    schema: StandardSchemaV1,
    key: Key,
    value: ConfigValue,
    { context }: CallOptions,
  ): Promise<ConfigError | undefined> {
    const written = oneValue(`${this.#inner.name} (to write)`, key, value);
    const check = async (source: ConfigSource): Promise<readonly Problem[]> =>
      (await checkConfig(schema, source, { unknown: 'error', context })).problems;
    let problems = await check(written);
    const isOfValue = (one: Problem): boolean => isAbout(one, key) && startsWith(one.key, key);
    if (problems.length > 0 && !problems.some(isOfValue))
      problems = await check(new ProviderChain([written, this.#inner], { closeProviders: false }));
    if (problems.some(({ kind }) => kind === 'failed'))
      return new ConfigError(
        'unavailable',
        `${this.#inner.name}: the values beside "${key}" cannot be read`,
        {
          provider: this.#inner.name,
          key,
          hint: 'The schema judges them together. Write again later',
        },
      );
    const found = problems.filter((one) => isAbout(one, key));
    if (found.length === 0) return undefined;
    const messages = found.map(({ message }) => message).join('; ');
    return new ConfigError('validation', `${this.#inner.name}: the schema refuses "${key}": ${messages}`, {
      provider: this.#inner.name,
      key,
      // a hint may name other keys of the schema
      problems: found.map(({ hint: _, ...problem }) => problem),
    });
  }
}

/** Whether a problem is about the value at `key`: what is missing elsewhere is not. */
const isAbout = (problem: Problem, key: Key): boolean => {
  const { kind } = problem;
  if (startsWith(problem.key, key)) return kind === 'wrong' || kind === 'unknown' || kind === 'missing';
  return startsWith(key, problem.key) && (kind === 'wrong' || kind === 'unknown');
};

/** A provider with one value, which no message shows. */
function oneValue(name: string, key: Key, given: ConfigValue): ConfigProvider {
  const { value } = plainValue(given);
  const entry = makeEntry({ key, value, secret: true, origin: makeOrigin({ provider: name, source: name }) });
  return {
    name,
    local: true,
    get: async (asked) => (keyOf(asked) === key ? entry : undefined),
    list: async () => [entry],
  };
}

function copied(given: ConfigValue): ConfigValue {
  const { value, marked } = plainValue(given);
  // a marked value is a secret, and the type of `set` does not say so
  return marked ? (secret(value) as unknown as ConfigValue) : value;
}
