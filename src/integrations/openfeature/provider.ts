// A provider for OpenFeature: the values of a section as flags. A value is read through `publicConfig`, which
// copies it and refuses secrets, once for each generation.

import { isDeepStrictEqual } from 'node:util';
import {
  ErrorCode,
  type EvaluationContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  type ResolutionDetails,
  StandardResolutionReasons as reasons,
} from '@openfeature/server-sdk';
import type { Config } from '../../config/config.ts';
import type { PathOf } from '../../config/paths.ts';
import { publicConfig } from '../../config/public-config.ts';
import { variant } from '../../config/rollout.ts';
import { isConfigError } from '../../errors.ts';
import { append, keyFrom, keyOf, segments } from '../../key.ts';
import { inside, isPlain, type Key } from '../../value.ts';

type Kind = 'boolean' | 'string' | 'number' | 'object';
type Answer = ResolutionDetails<JsonValue>;

/** Serves the values of a section as flags of OpenFeature. A flag's key is a path in the section. The reason
 *  of an answer is `STATIC`, `DEFAULT` for a default of the schema, `STALE` while reloads fail, `SPLIT` for a
 *  share of the subjects, or `ERROR`. A secret is not a flag: hooks may log each answer.
 *  @example
 *  await OpenFeature.setProviderAndWait(new ConfigFlags(config, 'flags'));
 *  await OpenFeature.getClient().getBooleanValue('checkout.express', false); // => true */
export class ConfigFlags<T> implements Provider {
  readonly metadata = { name: 'llm-config-manager' };
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  readonly #config: Config<Record<string, unknown>>;
  readonly #section: Key;
  #listening: Disposable | undefined;
  /** By flag, of one generation. */
  #answers = new Map<string, Answer>();
  #generation = 0;

  /** The application closes the configuration. */
  constructor(config: Config<T>, section: PathOf<T> | '' = '') {
    this.#config = config as never;
    this.#section = keyOf(section);
  }

  async initialize(): Promise<void> {
    // not a listener of events, which would keep a failed reload from being a warning of the process
    this.#listening ??= this.#config.subscribe(this.#section, ({ previous, current }) => {
      const flagsChanged = changedIn(previous ?? {}, current ?? {});
      if (flagsChanged.length > 0) this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
    });
  }

  async onClose(): Promise<void> {
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }

  async resolveBooleanEvaluation(
    flag: string,
    otherwise: boolean,
    context?: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return this.#resolve('boolean', flag, otherwise, context);
  }

  async resolveStringEvaluation(
    flag: string,
    otherwise: string,
    context?: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.#resolve('string', flag, otherwise, context);
  }

  async resolveNumberEvaluation(flag: string, otherwise: number): Promise<ResolutionDetails<number>> {
    return this.#resolve('number', flag, otherwise);
  }

  async resolveObjectEvaluation<T extends JsonValue>(
    flag: string,
    otherwise: T,
  ): Promise<ResolutionDetails<T>> {
    return this.#resolve('object', flag, otherwise);
  }

  #resolve<T extends JsonValue>(
    kind: Kind,
    flag: string,
    otherwise: T,
    context: EvaluationContext = {},
  ): ResolutionDetails<T> {
    const { generation, failure } = this.#config;
    if (generation.number !== this.#generation) {
      this.#generation = generation.number;
      this.#answers = new Map();
    }
    let answer = this.#answers.get(flag);
    if (!answer) {
      answer = this.#read(flag);
      if (this.#answers.size >= maxAnswers) this.#answers.clear();
      this.#answers.set(flag, answer);
    }
    if (answer.errorCode === undefined) answer = splitOf(kind, flag, answer, context) ?? answer;
    if (answer.errorCode !== undefined) return { ...answer, value: otherwise } as ResolutionDetails<T>;
    if (typeof answer.value !== kind || answer.value === null)
      return refused(otherwise, ErrorCode.TYPE_MISMATCH, `"${flag}" is not of the type ${kind}`);
    const isStale = failure !== undefined || generation.sources.some(({ stale }) => stale);
    const value = kind === 'object' ? structuredClone(answer.value) : answer.value;
    return { ...answer, value: value as T, ...(isStale && { reason: reasons.STALE }) };
  }

  /** The answer of the current generation for a flag, whatever its type. */
  #read(flag: string): Answer {
    try {
      const key = append(this.#section, keyOf(flag));
      const value = segments(key).reduce(inside, publicConfig(this.#config, [key]) as unknown);
      if (value === undefined) return refused(null, ErrorCode.FLAG_NOT_FOUND, `no source has "${flag}"`);
      return {
        value: value as JsonValue,
        reason: this.#isSet(key, value) ? reasons.STATIC : reasons.DEFAULT,
      };
    } catch (error) {
      if (!isConfigError(error)) throw error;
      const code = error.code === 'invalid_key' ? ErrorCode.FLAG_NOT_FOUND : ErrorCode.GENERAL;
      return refused(null, code, error.message);
    }
  }

  /** Whether a source has a value, or a part of it. */
  #isSet(key: Key, value: unknown): boolean {
    if (!isPlain(value)) return this.#config.explain(key).layers.some(({ outcome }) => outcome === 'found');
    return Object.entries(value).some(([name, inner]) => this.#isSet(append(key, keyFrom([name])), inner));
  }
}

/** The answer for one subject, if the value is a share of the subjects: `{ percent: 10 }` for a boolean,
 *  `{ variants: { small: 90, large: 10 } }` for a text. */
function splitOf(
  kind: Kind,
  flag: string,
  { value }: Answer,
  { targetingKey }: EvaluationContext,
): Answer | undefined {
  if (!isPlain(value) || Object.keys(value).length !== 1) return undefined;
  const { percent, variants } = value;
  const isSplit = kind === 'boolean' ? typeof percent === 'number' : kind === 'string' && isPlain(variants);
  if (!isSplit) return undefined;
  if (!targetingKey)
    return refused(null, ErrorCode.TARGETING_KEY_MISSING, `"${flag}" needs the targetingKey of a subject`);
  const weights = kind === 'string' ? variants : { true: percent, false: 100 - (percent as number) };
  try {
    const chosen = variant(flag, weights as Record<string, number>, targetingKey);
    return { value: kind === 'string' ? chosen : chosen === 'true', variant: chosen, reason: reasons.SPLIT };
  } catch (error) {
    if (!isConfigError(error)) throw error;
    return refused(null, ErrorCode.PARSE_ERROR, error.message);
  }
}

/** The flags whose values differ. Secrets are masked in both. */
function changedIn(previous: unknown, current: unknown, key: Key = ''): Key[] {
  if (!isPlain(previous) || !isPlain(current)) return isDeepStrictEqual(previous, current) ? [] : [key];
  const names = new Set([...Object.keys(previous), ...Object.keys(current)]);
  return [...names].flatMap((name) =>
    changedIn(inside(previous, name), inside(current, name), append(key, keyFrom([name]))),
  );
}

const maxAnswers = 10_000;

const refused = <T extends JsonValue>(value: T, errorCode: ErrorCode, errorMessage: string) => ({
  value,
  reason: reasons.ERROR,
  errorCode,
  errorMessage,
});
