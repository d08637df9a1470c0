// What `loadLlm` returns: endpoints and tasks that follow a configuration. A call looks at the generation
// when it begins. Made by load-llm.ts.

import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../errors.ts';
import { reveal } from '../../reveal.ts';
import type { SteadyClock } from '../../shelter/clock.ts';
import type { Costs, CostsParts } from './cost/costs.ts';
import type { Spend } from './cost/tally.ts';
import type { LlmData } from './data.ts';
import type { Calls, Classify } from './endpoints/ask.ts';
import type { Backends } from './endpoints/backends.ts';
import type { Charging } from './endpoints/charging.ts';
import { Clients, type ClientsOptions, type FollowingClients } from './endpoints/clients.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { identityOf } from './endpoints/endpoint.ts';
import type { LlmEvent, LlmEvents } from './endpoints/events.ts';
import { type ExplainedPreset, TaskExplanation } from './endpoints/explain.ts';
import { Endpoints } from './endpoints/generation.ts';
import type { Limits } from './endpoints/limits.ts';
import type { Wants } from './endpoints/obstacle.ts';
import { ConfiguredTask, type Task } from './endpoints/task.ts';
import { costs, missingParts } from './missing-parts.ts';
import { type ExplainedSection, noOptions, type PromptAccess, type PromptOptions } from './prompt-access.ts';
import type { Prompt } from './prompts/prompts.ts';
import { sectionOf } from './section.ts';

/** Endpoints and tasks that follow a configuration. */
export interface Llm<C = Config<LlmData>> extends AsyncDisposable {
  /** The configuration: of the section alone, or the one that was passed. */
  readonly config: C;
  /** A task of the configuration. It follows reloads, so it can be kept.
   *  @throws ConfigError `invalid_key` for an unknown name */
  task(name: string): Task;
  /** Makes a cache of clients: one for each endpoint and credential.
   *  @example
   *  const clientFor = ai.clients((endpoint) =>
   *    new Anthropic({ apiKey: reveal(endpoint.auth.apiKey), maxRetries: 0 }), { graceMs: 60_000 }); */
  clients<T>(make: (endpoint: Endpoint) => T, options?: ClientsOptions<T>): (endpoint: Endpoint) => T;
  /** Renders a prompt: that of a task, or the prompt `name`, or one of its versions, `name@^1.4`. Puts values
   *  in as they are: a tag inside a value stays a text.
   *  @throws ConfigError `invalid_key` for an unknown name, `validation` for variables that do not fit
   *  @example
   *  const { text, version, variant } = ai.prompt('summarize', { role: 'editor' }, { subject: user.id }); */
  prompt(name: string, variables?: object, options?: PromptOptions): Prompt;
  /** Which endpoints a task would ask now, and why not the others; which prompt and which preset it has.
   *  @example
   *  console.log(String(ai.explain('summarize', { needs: ['json'] }))); */
  explain(task: string, wants?: Wants): TaskExplanation;
  /** What the calls of this process have cost so far.
   *  @param currency of the sums. The one of the first call that had a price, unless it is given
   *  @throws ConfigError `invalid_option` without the option `price`, rates and budgets
   *  @example
   *  const { micros, byTask, unpriced } = ai.spend(); */
  spend(currency?: string): Spend;
  /** Listens to the events of calls. `ai.config.on` has those of loads. */
  on(listener: (event: LlmEvent) => void): Disposable;
  /** Lets go of the clients, and closes the configuration if `loadLlm` has loaded it. Calls under way go
   *  on. */
  close(): Promise<void>;
}

/** A configuration, as far as it is followed. */
export interface LoadedConfig extends ExplainedSection {
  at(path: string): ExplainedSection;
  reload(): Promise<unknown>;
  subscribe(path: string, listener: () => unknown): Disposable;
}

/** How often a refused credential may cause a reload. */
const reloadEveryMs = 1_000;

export class FollowingLlm implements Llm<LoadedConfig>, Calls {
  readonly config: LoadedConfig;
  readonly clock: SteadyClock;
  readonly events: LlmEvents;
  readonly backends: Backends;
  readonly limits: Limits;
  readonly classify: Classify | undefined;
  readonly #section: ExplainedSection;
  readonly #prompts: PromptAccess;
  readonly #costsParts: CostsParts;
  #costs: Costs | undefined;
  readonly #isBorrowed: boolean;
  readonly #clients = new Set<FollowingClients>();
  readonly #subscription: Disposable;
  #seen: unknown;
  #endpoints!: Endpoints;
  #reload: Promise<void> | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;

  constructor(
    config: LoadedConfig,
    section: ExplainedSection,
    {
      isLoaded,
      at,
      prompts,
    }: { readonly isLoaded: boolean; readonly at: string; readonly prompts: PromptAccess },
    {
      backends,
      limits,
      events,
      clock,
      classify,
    }: Pick<Calls, 'backends' | 'limits' | 'events' | 'clock' | 'classify'>,
    money: Pick<CostsParts, 'price' | 'ledgerOf'>,
  ) {
    this.#costsParts = { ...money, clock, events };
    this.config = config;
    this.clock = clock;
    this.events = events;
    this.backends = backends;
    this.limits = limits;
    this.classify = classify;
    this.#section = section;
    this.#prompts = prompts;
    this.#isBorrowed = isLoaded;
    this.endpoints();
    this.#subscription = config.subscribe(at, () => void this.endpoints());
  }

  /** The endpoints of the current generation. */
  endpoints(): Endpoints {
    const { value } = this.#section;
    if (value === this.#seen) return this.#endpoints;
    const given = reveal(value);
    const loading = missingParts(given);
    if (loading) {
      // a schema that is not ours has let it pass: the generation before stays until the parts are there
      void loading.then(() => this.endpoints()).catch(() => undefined);
      return this.#endpoints;
    }
    const data = sectionOf(given);
    this.#endpoints = new Endpoints(data);
    this.#prompts.follow(data);
    if (this.#costsParts.price || costs.isUsed(data as never))
      this.#costs ??= costs.now && new costs.now.Costs(this.#costsParts);
    this.#costs?.follow(data);
    this.#seen = value;
    const identities = Array.from(this.#endpoints.all.values(), identityOf);
    this.backends.follow(identities);
    this.limits.follow(this.#endpoints);
    for (const clients of this.#clients) clients.follow(this.#endpoints);
    return this.#endpoints;
  }

  charging(): Charging | undefined {
    this.endpoints();
    return this.#costs;
  }

  async renewed(refused: Endpoint, task: string): Promise<Endpoint | undefined> {
    const { name } = refused;
    const { credential } = identityOf(refused);
    const found = (): Endpoint | undefined => this.endpoints().of(name, task);
    const isNew = (endpoint: Endpoint | undefined): boolean =>
      endpoint !== undefined && identityOf(endpoint).credential !== credential;
    // another call, or a watch, may have read it already
    if (!isNew(found())) {
      await this.#reloaded();
      this.events.emit('reloaded', () => ({
        endpoint: name,
        outcome: isNew(found()) ? 'ok' : 'unauthenticated',
        level: isNew(found()) ? 'info' : 'error',
      }));
    }
    return found();
  }

  /** Reads the configuration again: once for all who wait, and at most once a second. */
  #reloaded(): Promise<void> {
    if (this.#reload) return this.#reload;
    const now = this.clock.now();
    if (now < this.#reloadedAt + reloadEveryMs) return Promise.resolve();
    this.#reloadedAt = now;
    this.#reload = this.config
      .reload()
      .then(
        () => undefined,
        () => undefined, // an event of the configuration says why
      )
      .finally(() => {
        this.#reload = undefined;
      });
    return this.#reload;
  }

  task(name: string): Task {
    return new ConfiguredTask(name, this);
  }

  clients<T>(make: (endpoint: Endpoint) => T, options: ClientsOptions<T> = {}): (endpoint: Endpoint) => T {
    const clients = new Clients(make, options, this.clock);
    clients.follow(this.endpoints());
    this.#clients.add(clients);
    return (endpoint) => clients.of(endpoint);
  }

  explain(task: string, wants: Wants = {}): TaskExplanation {
    const { preset } = this.endpoints().task(task);
    return new TaskExplanation(this, task, wants, {
      prompts: this.#prompts.explain(task),
      preset: preset === undefined ? undefined : this.#explainPreset(preset),
    });
  }

  #explainPreset(name: string): ExplainedPreset {
    // the printed form, in which secrets are masked
    const { presets } = JSON.parse(JSON.stringify(this.#section.value)) as LlmData;
    return { name, parameters: presets?.[name] ?? {} };
  }

  prompt(name: string, variables: object = {}, options = noOptions): Prompt {
    this.endpoints();
    return this.#prompts.render(name, variables, options);
  }

  spend(currency?: string): Spend {
    if (this.#costs) return this.#costs.spend(currency);
    throw new ConfigError('invalid_option', 'llm: the cost of calls is not counted', {
      hint: 'Pass the option price to loadLlm, such as await genaiPrices(), or set rates of the endpoints',
    });
  }

  on(listener: (event: LlmEvent) => void): Disposable {
    return this.events.on(listener);
  }

  async close(): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await Promise.all([...Array.from(this.#clients, (clients) => clients.close()), this.#costs?.close()]);
    if (!this.#isBorrowed) await (this.config as unknown as { close(): Promise<void> }).close();
    this.events.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
