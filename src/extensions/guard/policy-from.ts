// `policyFrom`: a policy that comes from a configuration and follows its changes. Before the first valid one
// everything is denied; a later one that is invalid leaves the last one in force.

import process from 'node:process';
import { ProviderChain } from '../../chain/chain.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigSource, LoadOptions } from '../../config/plan.ts';
import { unsharedReason } from '../../decorators/decorate.ts';
import { ConfigError, isConfigError } from '../../errors.ts';
import { aNumber, anything, checkOptions } from '../../internal/options.ts';
import { append, keyFrom, keyOf } from '../../key.ts';
import { isProvider } from '../../provider.ts';
import type { Ask, Decision, Policy } from './policy.ts';
import { compiledRules, type LineOf } from './rules.ts';
import { type RulesData, rulesSchema } from './rules-schema.ts';

/** The options of `policyFrom`. */
export interface PolicySourceOptions extends Pick<LoadOptions, 'at' | 'context' | 'on'> {
  /** Reads the policy again when a source reports a change, and at intervals with `pollMs`. @default true */
  readonly watch?: LoadOptions['watch'];
  /** The longest time that a load of the policy may take, in milliseconds. @default 10_000 */
  readonly deadlineMs?: number;
  /** The time after which a first load that has failed is tried again, in milliseconds; at once when a source
   *  reports a change. @default 30_000 */
  readonly retryMs?: number;
}

/** A policy that follows a configuration. */
export interface LoadedPolicy extends Policy, AsyncDisposable {
  /** Waits for the first load.
   *  @throws ConfigError `validation` with a report of what is wrong, or the failure of a source */
  ready(): Promise<void>;
  /** Why the last load failed. Undefined if it succeeded. */
  readonly failure: ConfigError | undefined;
  /** Stops watching, and closes the source unless it is a chain. The last policy stays in force. */
  close(): Promise<void>;
}

const none: Decision = Object.freeze({ allow: false, rule: 'no valid policy is loaded' });

/** Loads rules from a source, with a report of what is wrong and where, and follows its changes. Decisions
 *  wait for the first load; without a valid policy everything is denied. A later policy that is invalid
 *  changes nothing, and is an event `refresh_failed` or a warning of the process. The source must not be
 *  guarded.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  await using policy = policyFrom(new BundleProvider('policy.yaml'));
 *  const store = guarded(vault, policy, { identify: ({ caller }) => caller });
 *  @see rules, rulesSchema */
export function policyFrom(source: ConfigSource, options: PolicySourceOptions = {}): LoadedPolicy {
  checkOptions('policyFrom', options, {
    at: anything,
    context: anything,
    on: anything,
    watch: anything,
    deadlineMs: aNumber(1),
    retryMs: aNumber(1),
  });
  return new FollowedPolicy(source, options);
}

class FollowedPolicy implements LoadedPolicy {
  revision = 0;
  readonly #chain: ProviderChain;
  readonly #own: boolean;
  readonly #options: PolicySourceOptions;
  readonly #first: Promise<void>;
  #failure: ConfigError | undefined;
  #config: Config<RulesData> | undefined;
  #policy: Policy | undefined;
  #isSettled = false;
  #isAwaited = false;
  #closed: Promise<void> | undefined;
  #retry: Disposable | undefined;

  constructor(source: ConfigSource, options: PolicySourceOptions) {
    this.#own = !(source instanceof ProviderChain);
    this.#chain =
      source instanceof ProviderChain
        ? source
        : new ProviderChain(isProvider(source) ? [source] : source, { name: 'policy' });
    if (this.#chain.providers.some((provider) => unsharedReason(provider) === 'guarded'))
      throw new ConfigError('invalid_option', 'policyFrom: the source of the policy is guarded', {
        hint: 'Read the policy from a provider outside the guard',
      });
    this.#options = options;
    this.#first = this.#load().finally(() => {
      this.#isSettled = true;
    });
    this.#first.catch((error: unknown) => this.#warn(error));
  }

  get failure(): ConfigError | undefined {
    return this.#config?.failure ?? this.#failure;
  }

  decide(ask: Ask): Decision | Promise<Decision> {
    if (this.#policy) return this.#policy.decide(ask);
    const later = (): Decision | Promise<Decision> => this.#policy?.decide(ask) ?? none;
    return this.#isSettled ? none : this.#first.then(later, later);
  }

  ready(): Promise<void> {
    this.#isAwaited = true;
    return this.#first;
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#end());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    await this.#first.catch(() => undefined);
    await this.#config?.close();
    if (this.#own) await this.#chain.close();
  }

  async #load(): Promise<void> {
    const { retryMs: _, watch = true, deadlineMs = 10_000, ...options } = this.#options;
    try {
      const more = { ...options, watch, deadlineMs, unknown: 'ignore' } as const;
      const config = await loadConfig(rulesSchema, this.#chain, more);
      this.#config = config;
      // before the first policy is compiled, so that no change is missed
      config.subscribe('', () => {
        this.#follow(config).catch((error: unknown) => this.#warn(error));
      });
      await this.#follow(config);
      if (this.#closed) await config.close();
    } catch (error) {
      this.#failed(error);
      if (!this.#closed && !this.#config) this.#retryLater();
      throw error;
    }
  }

  async #follow(config: Config<RulesData>): Promise<void> {
    const { value } = config;
    const policy = compiledRules(value as RulesData, lineIn(config, this.#options.at));
    await policy.ready().catch((error: unknown) => {
      this.#failed(error);
      throw error;
    });
    // compiling takes time, and a newer policy may be in force
    if (config.value !== value) return this.#follow(config);
    this.#policy = policy;
    this.revision++;
    this.#failure = undefined;
  }

  #failed(error: unknown): void {
    this.#failure = isConfigError(error)
      ? error
      : new ConfigError('io', 'policyFrom: the policy cannot be loaded', { cause: error });
  }

  #retryLater(): void {
    const again = (): void => {
      this.#retry?.[Symbol.dispose]();
      this.#retry = undefined;
      if (!this.#closed) this.#load().catch((error: unknown) => this.#warn(error));
    };
    const timer = setTimeout(again, this.#options.retryMs ?? 30_000);
    timer.unref();
    const watcher = this.#chain.watch(again, { context: this.#options.context });
    this.#retry = {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        watcher[Symbol.dispose]();
      },
    };
  }

  /** A failure that no caller waits for and no listener hears. */
  #warn(error: unknown): void {
    if (this.#isAwaited || this.#options.on || this.#closed) return;
    const why = isConfigError(error) ? error.message : 'it cannot be loaded';
    const options = { type: 'ConfigWarning', code: 'LLM_CONFIG_POLICY_FAILED' };
    process.emitWarning(`the policy is not in force: ${why}`, options);
  }
}

/** Where each rule is in its source. */
function lineIn(config: Config<RulesData>, at: string | undefined): LineOf {
  return (effect, name) => {
    const set = config.value[effect];
    const isList = Array.isArray(set);
    const path = isList ? effect : append(effect, keyFrom([name, 'keys']));
    const origin = config.explain(path as never).winner?.origin;
    const place = origin ? String(origin) : append(keyOf(at ?? ''), path);
    return isList ? `${place} [${name}]` : place;
  };
}
